import type { Snapshot, VaultReader } from '#libs/vault';
import { pathNames } from './typed-path.ts';

/**
 * The snapshot that `--snapshot` names; for `latest`, the default, the newest that speaks for `paths` (none: for the whole
 * machine). So what was backed up apart, such as a dump from a pipe, is never taken for the machine. Throws `snapshot_not_found`.
 */
export function chosenSnapshot(
  reader: Pick<VaultReader, 'snapshot' | 'latest'>,
  wanted: number | 'latest',
  paths: readonly (string | Buffer)[],
  signal: AbortSignal,
): Promise<Snapshot> {
  return wanted === 'latest' ? reader.latest(paths.map(pathNames), { signal }) : reader.snapshot(wanted, { signal });
}
