import { randomUUID } from 'node:crypto';
import type { Clock, PackId, RandomSource } from '#libs/kernel';
import type { DurableFiles } from '#libs/kernel/node';
import type { FilePackStore, HeldPackStore } from '#libs/swarm';
import type { CoordinatorClient } from '../coordinator-client/coordinator-client.ts';
import type { AgentDocument } from '../home/agent-document.ts';
import type { AgentPaths } from '../home/agent-paths.ts';
import { JsonFile } from '../home/json-file.ts';
import type { DeviceIdentity } from '../identity/device-identity.ts';
import type { AgentLog } from '../log/agent-log.ts';
import type { VaultAccess } from '../runtime/vault-access.ts';
import { HoldBook } from './hold-book.ts';
import { HoldKeeper } from './hold-keeper.ts';
import { holdLimits } from './hold-limits.ts';
import { HoldTimer, holdClockState } from './hold-timer.ts';
import { ReleaseBook } from './release-book.ts';
import { ReleaseKeeper } from './release-keeper.ts';

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
  readonly team: { readonly teamId: string; readonly rootKey: Uint8Array; readonly coordinatorKey: Uint8Array };
}

/** Both halves of release and hold, as this device's home has them. Throws `home_corrupt`. */
export async function openReleases(parts: ReleaseParts): Promise<{ releases: ReleaseKeeper; holds: HoldKeeper; holdTimer: HoldTimer }> {
  const { paths, files, clock, random, log, document, identity, coordinator, own, held, vault, team } = parts;
  const nowMs = (): number => clock.nowMs();
  const holdTimer = await HoldTimer.open({
    file: new JsonFile(files, paths.holdClock, holdClockState),
    nowMs,
    monotonicMs: () => performance.now(),
  });
  const holds = new HoldKeeper({
    ...{ coordinator, held, random, nowMs, log, timer: holdTimer, deviceId: document.deviceId, keys: team },
    book: await HoldBook.open(files, paths.holds),
    minimumHoldMs: holdLimits.minimumHoldMs,
  });
  const inUse = (packIds: readonly PackId[]): Promise<ReadonlySet<PackId>> =>
    vault.use(async (open) => {
      const live = new Set(open.allPacks().map((pack) => pack.packId));
      return new Set(packIds.filter((packId) => live.has(packId)));
    });
  const releases = new ReleaseKeeper({
    ...{ coordinator, own, inUse, nowMs, log, deviceId: document.deviceId, vaultId: document.vaultId, teamId: team.teamId },
    book: await ReleaseBook.open(files, paths.releases),
    signingSecretKey: identity.signing.secretKey,
    newId: randomUUID,
  });
  return { releases, holds, holdTimer };
}
