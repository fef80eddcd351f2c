import { randomUUID } from 'node:crypto';
import type { RosterMember } from '#libs/contracts';
import type { Clock, DeviceId, PackId, RandomSource } from '#libs/kernel';
import type { DurableFiles } from '#libs/kernel/node';
import type { FilePackStore, HeldPackStore } from '#libs/swarm';
import type { CoordinatorClient } from '../coordinator-client/coordinator-client.ts';
import type { AgentDocument } from '../home/agent-document.ts';
import type { AgentPaths } from '../home/agent-paths.ts';
import { JsonFile } from '../home/json-file.ts';
import type { DeviceIdentity } from '../identity/device-identity.ts';
import type { AgentLog } from '../log/agent-log.ts';
import type { SwarmAccess } from '../network/swarm-access.ts';
import type { PolicyKeeper } from '../policy/policy-keeper.ts';
import type { ReceiptBook } from '../receipts/receipt-book.ts';
import type { RosterKeeper } from '../roster/roster-keeper.ts';
import type { VaultAccess } from '../runtime/vault-access.ts';
import { HoldBook } from './hold-book.ts';
import { HoldKeeper } from './hold-keeper.ts';
import { holdLimits } from './hold-limits.ts';
import { HoldTimer, holdClockState } from './hold-timer.ts';
import { ReleaseBook } from './release-book.ts';
import { ReleaseKeeper } from './release-keeper.ts';
import { showsPack } from './shows-pack.ts';
import type { SigningOwner } from './signing-owner.ts';
import { TrimBook, trimsState } from './trim-book.ts';
import { TrimKeeper } from './trim-keeper.ts';

export interface ReleaseParts {
  readonly paths: AgentPaths;
  readonly files: DurableFiles;
  readonly clock: Clock;
  readonly random: RandomSource;
  readonly log: AgentLog;
  readonly document: AgentDocument;
  readonly identity: DeviceIdentity;
  readonly coordinator: CoordinatorClient;
  readonly own: FilePackStore;
  readonly held: HeldPackStore;
  readonly vault: VaultAccess;
  readonly roster: RosterKeeper;
  readonly receipts: ReceiptBook;
  readonly policy: PolicyKeeper;
  readonly swarm: SwarmAccess;
  readonly team: { readonly teamId: string; readonly rootKey: Uint8Array; readonly coordinatorKey: Uint8Array };
}

export interface Releases {
  readonly releases: ReleaseKeeper;
  readonly holds: HoldKeeper;
  readonly holdTimer: HoldTimer;
  readonly trims: TrimKeeper;
  readonly trimHolds: HoldKeeper;
}

/** Both halves of release, trim and hold, as this device's home has them. Throws `home_corrupt`. */
export async function openReleases(parts: ReleaseParts): Promise<Releases> {
  const { paths, files, clock, random, log, document, identity, coordinator, own, held, vault, roster, team } = parts;
  const nowMs = (): number => clock.nowMs();
  const holdTimer = await HoldTimer.open({
    file: new JsonFile(files, paths.holdClock, holdClockState),
    nowMs,
    monotonicMs: () => performance.now(),
  });
  const isMember = (deviceId: DeviceId): boolean => roster.roster === undefined || isIn(roster.member(deviceId));
  const holding = { held, random, nowMs, log, timer: holdTimer, deviceId: document.deviceId, keys: team, isMember, ...holdLimits };
  const holds = new HoldKeeper({
    ...holding,
    coordinator,
    book: await HoldBook.open(files, paths.holds, { nowMs: nowMs(), rememberDeletedMs: holdLimits.rememberDeletedMs }),
  });
  // A trim is a release that means this holder only: the same proofs, the same hold, asked for elsewhere.
  const trimHolds = new HoldKeeper({
    ...holding,
    // A trimmed pack may be placed here again, in the same generation: what was carried out is remembered for good.
    book: await HoldBook.open(files, paths.trimHolds),
    coordinator: {
      heldReleases: (signal) => coordinator.heldTrims(signal),
      releaseStatements: (id, signal) => coordinator.trimStatements(id, signal),
      confirmRelease: (id, nonce, signal) => coordinator.confirmTrim(id, nonce, signal),
      releaseDeleted: (id, packIds, signal) => coordinator.trimDeleted(id, packIds, signal),
    },
  });
  const inUse = (packIds: readonly PackId[]): Promise<ReadonlySet<PackId>> =>
    vault.use(async (open) => {
      const live = new Set(open.allPacks().map((pack) => pack.packId));
      return new Set(packIds.filter((packId) => live.has(packId)));
    });
  const { deviceId, vaultId } = document;
  const signingSecretKey = identity.signing.secretKey;
  const owner: SigningOwner = { teamId: team.teamId, deviceId, vaultId, signingSecretKey, newId: randomUUID, nowMs };
  const releases = new ReleaseKeeper({
    ...{ ...owner, coordinator, own, inUse, log },
    book: await ReleaseBook.open(files, paths.releases),
  });
  const trims = new TrimKeeper({
    ...{ ...owner, coordinator, log },
    book: await TrimBook.open(new JsonFile(files, paths.trims, trimsState)),
    vault: () =>
      vault.use(async (open) => ({
        headSequence: open.head.sequence,
        kinds: new Map(open.allPacks().map(({ packId, kind }) => [packId, kind])),
      })),
    holdersOf: (packId) => parts.receipts.holdersOf(packId),
    isStaying: (id) => parts.roster.member(id)?.state === 'active',
    target: () => parts.policy.effective.replicas.target,
    shows: (holder, packId, signal) => showsPack({ swarm: parts.swarm, random }, holder, packId, signal),
  });
  return { releases, holds, holdTimer, trims, trimHolds };
}

const isIn = (member: RosterMember | undefined): boolean => member !== undefined && member.state !== 'revoked';
