import type { BlockRejected } from '#libs/vault';
import type { RestoreCounts } from './restore-counts.ts';
import type { RestoreReport } from './restore-types.ts';

/** Where a root or chosen path of the snapshot goes; undefined when it was left out. To be asked at the end. */
export interface Placed {
  readonly from: string;
  readonly to: () => string | undefined;
}

/** What a restore says at its end. `placed` is asked only now: what was kept beside something else has its name by now. */
export function reportOf(
  sequence: number,
  rejected: readonly BlockRejected[],
  counts: RestoreCounts,
  placed: readonly Placed[],
): RestoreReport {
  const bad = new Set(rejected.filter(({ code }) => code === 'block_corrupt').map(({ packId, leaf }) => `${packId}/${leaf}`));
  const lost = counts.errors.filter(({ code }) => code === 'block_corrupt').length;
  return {
    sequence,
    placed: placed.flatMap(({ from, to }) => {
      const at = to();
      return at === undefined ? [] : [{ from, to: at }];
    }),
    files: counts.files,
    directories: counts.directories,
    others: counts.others,
    bytes: counts.bytes,
    filesSkipped: counts.filesSkipped,
    filesUnchanged: counts.filesUnchanged,
    bytesUnchanged: counts.bytesUnchanged,
    packsNeeded: counts.packsNeeded.size,
    packsFetched: counts.packsFetched.size,
    bytesFetched: counts.bytesFetched,
    filesVerified: counts.filesVerified,
    corruptionsRepaired: lost === 0 ? bad.size : Math.max(0, bad.size - lost),
    errors: counts.errors,
    errorCount: counts.errorCount,
    notes: counts.notes,
  };
}
