import type { ConflictRule } from '#libs/contracts';
import type { TreeEntry } from '#libs/vault';
import { EngineError } from '../errors.ts';
import { displayPath, type FileFacts, type Platform } from '../platform/index.ts';

/** What to do with one name of the snapshot. `place`: write it there; anything in the way is replaced. */
export type Decision =
  { readonly do: 'place'; readonly path: Buffer; readonly renamed: boolean } | { readonly do: 'skip' } | { readonly do: 'merge' };

/**
 * Applies the conflict rule to a name. `merge`: a folder that is there already. Throws `conflict` where the rule can't be followed: a folder in
 * the way of a file, a link or file in the way of a folder.
 */
export function decide(
  platform: Platform,
  rule: ConflictRule,
  path: Buffer,
  entry: TreeEntry,
  existing: FileFacts | undefined,
  free: FreeNames,
): Decision {
  if (!existing) return { do: 'place', path, renamed: false };
  const isFolder = entry.type === 'directory';
  if (isFolder && existing.kind === 'directory') return { do: 'merge' };
  if (rule === 'skip') return { do: 'skip' };
  if (rule === 'keep-both') return { do: 'place', path: free.beside(path), renamed: true };
  if (rule === 'fail') throw new EngineError('conflict', `${displayPath(path)}: is there already`);
  if (isFolder) {
    const code = existing.kind === 'symlink' ? 'symlink_in_path' : 'conflict';
    throw new EngineError(code, `${displayPath(path)}: a ${existing.kind} is in the way of the folder`);
  }
  if (existing.kind === 'directory') throw new EngineError('conflict', `${displayPath(path)}: a folder is in the way`);
  return { do: 'place', path, renamed: false };
}

/** The note about a name that stands beside the one that was wanted. */
export const keptBoth = (wanted: Buffer): string => `${displayPath(wanted)} is there already and was left as it is`;

const longestName = 255;
const longestExtension = 60;
const dot = 0x2e;

/** Names beside ones that are taken. Gives each once, though nothing is there yet by that name. */
export class FreeNames {
  readonly #platform: Platform;
  readonly #stamp: string;
  readonly #given = new Set<string>();

  constructor(platform: Platform, nowMs: number) {
    this.#platform = platform;
    this.#stamp = stampOf(nowMs);
  }

  /** `report.odt` → `report (restored 2026-11-22 17.05.09).odt`, with a number when that is taken as well. */
  beside(path: Buffer): Buffer {
    const name = this.#platform.split(path).at(-1)!;
    const lastDot = name.lastIndexOf(dot);
    const extension = lastDot > 0 ? name.subarray(lastDot) : Buffer.alloc(0);
    const stem = lastDot > 0 ? name.subarray(0, lastDot) : name;
    const folder = path.subarray(0, path.length - name.length);
    for (let number = 1; ; number += 1) {
      const mark = Buffer.from(` (restored ${this.#stamp}${number === 1 ? '' : ` ${number}`})`);
      const tail = extension.subarray(0, longestExtension);
      const room = longestName - mark.length - tail.length;
      const candidate = Buffer.concat([folder, stem.subarray(0, Math.max(1, room)), mark, tail]);
      const key = candidate.toString('latin1');
      if (this.#given.has(key) || this.#platform.factsIfAny(candidate)) continue;
      this.#given.add(key);
      return candidate;
    }
  }
}

/** Local time without characters that some system refuses in names. */
function stampOf(nowMs: number): string {
  const at = new Date(nowMs);
  const two = (value: number): string => String(value).padStart(2, '0');
  return `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())} ${two(at.getHours())}.${two(at.getMinutes())}.${two(at.getSeconds())}`;
}
