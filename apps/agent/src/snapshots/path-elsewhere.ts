import { isAppError } from '#libs/kernel';
import type { VaultReader } from '#libs/vault';
import { AgentError } from '../errors.ts';
import { chosenSnapshot } from './chosen-snapshot.ts';
import { pathNames, typedPath } from './typed-path.ts';

/** Snapshots that are looked into, besides the newest. */
const maxLookedInto = 50;

export interface PathSearch {
  readonly reader: Pick<VaultReader, 'head' | 'snapshot' | 'latest' | 'entry'>;
  readonly snapshot: number | 'latest';
  /** As typed. */
  readonly paths: readonly string[];
  readonly signal: AbortSignal;
  /** Words of the command that would read `paths`, without `--snapshot`. */
  command(paths: readonly string[]): readonly string[];
}

/**
 * What to throw for a `path_not_found` in the latest snapshot: when another snapshot has all that is missing, the
 * newest such one and the command that reads it. Any other error, and one that nothing is found for, is given back as it is.
 */
export async function withNewestThatHas(error: unknown, search: PathSearch): Promise<unknown> {
  if (search.snapshot !== 'latest' || !isAppError(error, 'path_not_found')) return error;
  try {
    const typed = search.paths.map((path) => typedPath(path));
    const latest = await chosenSnapshot(search.reader, 'latest', typed, search.signal);
    const others = search.reader.head.snapshots.slice(-1 - maxLookedInto).reverse();
    const missing: string[] = [];
    for (const path of search.paths) if (!(await has(search, latest.sequence, path))) missing.push(path);
    if (missing.length === 0) return error;
    for (const { sequence } of others) {
      if (sequence === latest.sequence || !(await hasAll(search, sequence, missing))) continue;
      const command = [...search.command(missing), '--snapshot', String(sequence)].map((word) => shellWord(word)).join(' ');
      return new AgentError('path_not_found', `${error.message}; snapshot ${sequence} has ${missing.length === 1 ? 'it' : 'them'}`, {
        cause: error,
        context: { ...error.context, snapshotWithPath: sequence },
        nextStep: `Run: ${command}`,
      });
    }
  } catch {
    // The search is a courtesy: what went wrong in it must not hide what the person asked for.
    search.signal.throwIfAborted();
  }
  return error;
}

async function hasAll(search: PathSearch, sequence: number, paths: readonly string[]): Promise<boolean> {
  for (const path of paths) if (!(await has(search, sequence, path))) return false;
  return true;
}

/** A snapshot of other folders is told by its record alone; trees are read only along the path. */
async function has({ reader, signal }: PathSearch, sequence: number, path: string): Promise<boolean> {
  try {
    await reader.entry(await reader.snapshot(sequence, { signal }), pathNames(typedPath(path)), { signal });
    return true;
  } catch (error) {
    if (isAppError(error, 'path_not_found')) return false;
    throw error;
  }
}

/** A word as the shell takes it unchanged. */
export function shellWord(word: string, platform: NodeJS.Platform = process.platform): string {
  if (/^[\w@%+=:,./-]+$/.test(word)) return word;
  return platform === 'win32' ? `"${word}"` : `'${word.replaceAll("'", "'\\''")}'`;
}
