import { equalBytes, isAppError, systemClock } from '#libs/kernel';
import { encodeSnapshotRecord, type PackInfo, type Snapshot, type SnapshotLoss, type SnapshotRecord, type VaultReader } from '#libs/vault';
import { EngineError, throwIfInterrupted } from '../errors.ts';
import type { LocalVault } from '../local-vault/local-vault.ts';
import { displayPath } from '../platform/index.ts';
import { type OnProgress, ProgressReporter } from '../progress.ts';
import { addLost, LostEntries, type LostEntry } from './lost-entries.ts';

export interface RepairSnapshotsOptions {
  readonly vault: LocalVault;
  /** Say what is lost and what would be marked. */
  readonly dryRun?: boolean;
  /** Hears of everything that is lost, snapshot by snapshot, oldest first. */
  readonly onLost?: (sequence: number, lost: LostEntry) => void;
  readonly onProgress?: OnProgress;
  readonly signal?: AbortSignal;
}

/** A snapshot with something lost, or that was marked so and is whole again. */
export interface RepairedSnapshot {
  readonly sequence: number;
  /** Undefined: all of it is there. */
  readonly lost: SnapshotLoss | undefined;
  /** What its record said before. */
  readonly before: SnapshotLoss | undefined;
}

export interface RepairSnapshotsReport {
  /** Snapshots that were looked through. */
  readonly snapshots: number;
  readonly damaged: readonly RepairedSnapshot[];
  /** Index packs with the records that were written anew. */
  readonly newPacks: readonly PackInfo[];
  /** Whether a new head was written, or would be. */
  readonly changed: boolean;
}

/**
 * Marks snapshots of which parts are in no pack that the index knows, so that all the rest of them can be relied on again: readers name what is
 * lost, and prune and reports do without it. Content stays as it is, so a lost pack that comes back later, or the same bytes stored again, make the
 * files whole: then a further run takes the mark off.
 *
 * Goes by the index: `repairIndex` finds out before what is really lost. Waits until no backup runs, and keeps new ones waiting. One new head or
 * none: killed anywhere, every snapshot is as it was or marked. Throws `repair_impossible`, `disk_full`, `vault_changed`, `interrupted`.
 */
export async function repairSnapshots(options: RepairSnapshotsOptions): Promise<RepairSnapshotsReport> {
  return options.vault.sessions.alone(() => repairAlone(options), options.signal);
}

async function repairAlone({ vault, dryRun = false, onLost, onProgress, signal }: RepairSnapshotsOptions): Promise<RepairSnapshotsReport> {
  const progress = new ProgressReporter(onProgress, vault.options.clock ?? systemClock);
  let folders = 0;
  const { reader } = await vault.openReader();
  const finder = new LostEntries(reader, {
    signal,
    onFolder: (path) => {
      folders += 1;
      const current = `/${path.map((name) => displayPath(name)).join('/')}`;
      progress.update('check', () => ({
        filesDone: folders,
        filesTotal: undefined,
        bytesDone: 0,
        bytesTotal: undefined,
        current,
        errors: 0,
      }));
    },
  });
  const snapshots: Snapshot[] = [];
  const damaged: RepairedSnapshot[] = [];
  for (const { sequence } of vault.head.snapshots) {
    const snapshot = await readRecord(reader, sequence, signal);
    snapshots.push(snapshot);
    let loss: SnapshotLoss = { files: 0, folders: 0, bytes: 0 };
    for await (const lost of finder.of(snapshot)) {
      loss = addLost(loss, lost, reader);
      onLost?.(sequence, lost);
    }
    const lost = loss.files + loss.folders > 0 ? loss : undefined;
    if (lost || snapshot.lost) damaged.push({ sequence, lost, before: snapshot.lost });
  }
  const changes = damaged.filter(({ lost, before }) => !sameLoss(lost, before));
  const report = { snapshots: snapshots.length, damaged, newPacks: [], changed: changes.length > 0 };
  if (dryRun || changes.length === 0) return report;
  const lostBySequence = new Map(changes.map(({ sequence, lost }) => [sequence, lost]));
  const newPacks = await vault.change({ include: new Set(), records: rewrittenRecords(vault, snapshots, lostBySequence) });
  return { ...report, newPacks };
}

/**
 * The changed records, and all after the first of them that follow one another: each names the one before it by its id. Numbers stay, so pins,
 * retention and what the coordinator knows of a snapshot stay too.
 */
function rewrittenRecords(
  vault: LocalVault,
  snapshots: readonly Snapshot[],
  lostBySequence: ReadonlyMap<number, SnapshotLoss | undefined>,
): { readonly sequence: number; readonly plaintext: Uint8Array }[] {
  const rewritten = [];
  let before: { readonly oldId: Uint8Array; readonly newId: Uint8Array } | undefined;
  for (const { recordId, ...record } of snapshots) {
    const isMoved = before !== undefined && record.previous !== undefined && equalBytes(record.previous, before.oldId);
    const changed: SnapshotRecord = {
      ...record,
      ...(isMoved && { previous: before!.newId }),
      ...(lostBySequence.has(record.sequence) && { lost: lostBySequence.get(record.sequence) }),
    };
    if (!isMoved && !lostBySequence.has(record.sequence)) {
      before = undefined;
      continue;
    }
    const plaintext = encodeSnapshotRecord(changed, vault.options.signingKeyPair);
    before = { oldId: recordId, newId: vault.chunkIds.of('record', plaintext) };
    rewritten.push({ sequence: record.sequence, plaintext });
  }
  return rewritten;
}

async function readRecord(reader: VaultReader, sequence: number, signal: AbortSignal | undefined): Promise<Snapshot> {
  try {
    return await reader.snapshot(sequence, signal ? { signal } : {});
  } catch (cause) {
    throwIfInterrupted(signal);
    if (!isAppError(cause)) throw cause;
    throw new EngineError('repair_impossible', `the record of snapshot ${sequence} can't be read`, {
      cause,
      nextStep: 'Run "holdfast repair index" first. Nothing was changed.',
    });
  }
}

function sameLoss(a: SnapshotLoss | undefined, b: SnapshotLoss | undefined): boolean {
  return a?.files === b?.files && a?.folders === b?.folders && a?.bytes === b?.bytes;
}
