import { deflateSync } from 'node:zlib';
import type { PackBitmap, PackInfo, SnapshotRecord, VaultHead } from '#libs/vault';
import type { CommittedSnapshot } from '../backup/backup-types.ts';
import { recordStats } from './record-stats.ts';

/** A snapshot as the coordinator is told. `needed` gets the head's index packs too: a restore reads every one to find the chunks. */
export function describeSnapshot(
  record: SnapshotRecord,
  needed: PackBitmap,
  head: VaultHead,
  headBytes: Uint8Array,
  indexPacks: readonly PackInfo[] = [],
): CommittedSnapshot {
  for (const { ordinal } of head.indexPacks) needed.set(ordinal);
  const stats = recordStats(record);
  return {
    sequence: record.sequence,
    headSequence: head.sequence,
    headBytes,
    neededPacks: deflateSync(needed.toBytes()),
    neededPackCount: needed.count,
    startedAtMs: record.startedAtMs,
    endedAtMs: record.endedAtMs,
    partial: record.partial,
    adHoc: record.adHoc === true,
    // The index packs count as this run's too; the record in them can't say so.
    stats: {
      ...stats,
      newPacks: stats.newPacks + indexPacks.length,
      newPackBytes: indexPacks.reduce((sum, { sizeBytes }) => sum + sizeBytes, stats.newPackBytes),
    },
  };
}
