import type { SnapshotStats } from '#libs/contracts';
import type { SnapshotRecord } from '#libs/vault';

/** What a record says of its run. The format leaves it open what a writer counts: others than these are left out, and what was not counted is 0. */
export function recordStats({ stats }: Pick<SnapshotRecord, 'stats'>): SnapshotStats {
  const count = (name: keyof SnapshotStats): number => stats[name] ?? 0;
  return {
    files: count('files'),
    directories: count('directories'),
    bytes: count('bytes'),
    readBytes: count('readBytes'),
    newFiles: count('newFiles'),
    changedFiles: count('changedFiles'),
    unchangedFiles: count('unchangedFiles'),
    newChunks: count('newChunks'),
    newPackBytes: count('newPackBytes'),
    newPacks: count('newPacks'),
    errors: count('errors'),
    durationMs: count('durationMs'),
  };
}
