import type { BundleWish } from '#libs/contracts';
import type { Clock, RandomSource } from '#libs/kernel';
import type { DurableFiles } from '#libs/kernel/node';
import type { FilePackStore, HeldPackStore } from '#libs/swarm';
import type { BackupRunner } from '../backup/backup-runner.ts';
import type { VaultReporter } from '../backup/vault-reporter.ts';
import type { BundleKeeper } from '../coordinator-bundle/bundle-keeper.ts';
import type { CoordinatorClient } from '../coordinator-client/coordinator-client.ts';
import type { OwnFolders } from '../folders/own-folders.ts';
import type { AgentDocument } from '../home/agent-document.ts';
import type { AgentPaths } from '../home/agent-paths.ts';
import type { DeviceIdentity } from '../identity/device-identity.ts';
import type { AgentLog } from '../log/agent-log.ts';
import type { Manners } from '../manners/manners.ts';
import type { HolderSources } from '../network/holder-sources.ts';
import type { SwarmAccess } from '../network/swarm-access.ts';
import type { Outbox } from '../outbox/outbox.ts';
import type { PolicyKeeper } from '../policy/policy-keeper.ts';
import type { Protection } from '../protection/protection.ts';
import type { MemoryNote } from '../rebuild/memory-note.ts';
import type { DoubtedCopies } from '../receipts/doubted-copies.ts';
import type { ReceiptBook } from '../receipts/receipt-book.ts';
import type { HoldKeeper } from '../releases/hold-keeper.ts';
import type { HoldTimer } from '../releases/hold-timer.ts';
import type { TrimKeeper } from '../releases/trim-keeper.ts';
import type { ReleaseKeeper } from '../releases/release-keeper.ts';
import type { RosterKeeper } from '../roster/roster-keeper.ts';
import type { RunHistory } from '../runs/run-history.ts';
import type { DamagedCopies } from '../scrub/damaged-copies.ts';
import type { VaultAccess } from './vault-access.ts';

/** `reader`: another process owns the home, nothing may be written. */
export type AgentRole = 'daemon' | 'command' | 'reader';

/** What the daemon knows about itself and a command without daemon doesn't. */
export interface LiveState {
  readonly startedAtMs: number;
  readonly channel: 'connected' | 'disconnected';
  readonly lastHeartbeatAtMs: number | undefined;
  /** Coordinator's clock minus ours at the last heartbeat. */
  readonly clockSkewMs: number | undefined;
  readonly nextRunAtMs: number | undefined;
  /** Which retry of a failed run that is, from 1; undefined when it is none. */
  readonly nextRunRetry: number | undefined;
  readonly lastProblem: string | undefined;
  /** What the coordinator last said of its bundle. */
  readonly bundle: Omit<BundleWish, 'keep'> | undefined;
}

/** The parts of an enrolled agent, put together by `openAgent`: what commands, jobs and the daemon's loops work with. */
export interface AgentRuntime {
  readonly role: AgentRole;
  readonly paths: AgentPaths;
  readonly files: DurableFiles;
  readonly clock: Clock;
  readonly random: RandomSource;
  readonly log: AgentLog;
  /** As it was when the agent was opened; the folders are in {@link ownFolders}, the address in {@link coordinator}. */
  readonly document: AgentDocument;
  readonly ownFolders: OwnFolders;
  readonly identity: DeviceIdentity;
  readonly team: { readonly teamId: string; readonly name: string; readonly recoveryKey: Uint8Array; readonly coordinatorKey: Uint8Array };
  readonly coordinator: CoordinatorClient;
  readonly roster: RosterKeeper;
  readonly policy: PolicyKeeper;
  readonly outbox: Outbox;
  readonly runs: RunHistory;
  readonly receipts: ReceiptBook;
  /** What became of copies of {@link receipts}. */
  readonly doubted: DoubtedCopies;
  readonly memory: MemoryNote;
  readonly bundles: BundleKeeper;
  readonly protection: Protection;
  readonly own: FilePackStore;
  readonly held: HeldPackStore;
  /** Which of {@link held} nobody may count on. */
  readonly damagedCopies: DamagedCopies;
  readonly vault: VaultAccess;
  readonly reporter: VaultReporter;
  readonly swarm: SwarmAccess;
  readonly holders: HolderSources;
  readonly backups: BackupRunner;
  /** What forget and prune propose; also {@link ReleasePort}. */
  readonly releases: ReleaseKeeper;
  /** The only one that deletes packs of others. */
  readonly holds: HoldKeeper;
  readonly holdTimer: HoldTimer;
  /** Signs own copies away that are too many. */
  readonly trims: TrimKeeper;
  /** As {@link holds}, of packs that their owners let go here only. */
  readonly trimHolds: HoldKeeper;
  readonly manners: Manners;
  /** Undefined but in the daemon. */
  live: LiveState | undefined;
  /** Lets go of everything, in order; idempotent. */
  close(): Promise<void>;
}
