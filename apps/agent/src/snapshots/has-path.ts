import { isAppError } from '#libs/kernel';
import type { Snapshot, VaultReader } from '#libs/vault';
import { pathNames, typedPath } from './typed-path.ts';

/** Whether a snapshot has something at a path. Where a repair marked the list of names on the way as lost it has not, as for `find`. Throws what else keeps it from being read. */
export async function hasPath(reader: Pick<VaultReader, 'entry'>, snapshot: Snapshot, path: string, signal: AbortSignal): Promise<boolean> {
  try {
    await reader.entry(snapshot, pathNames(typedPath(path)), { signal });
    return true;
  } catch (error) {
    if (isAppError(error, 'path_not_found') || isAppError(error, 'content_lost')) return false;
    throw error;
  }
}
