import { labelOf, textOfPath } from '../vault-worker/entry-words.ts';
import type { EntryPath } from '../vault-worker/protocol.ts';

/** The most paths that one restore may name. */
export const maxChosen = 1000;

/** Chosen entries by their text path. A folder stands for everything below it. */
export type Selection = ReadonlyMap<string, EntryPath>;

/** The chosen folder that already covers a path, or undefined. */
export function coveredBy(selection: Selection, path: EntryPath): string | undefined {
  for (let length = path.length - 1; length > 0; length -= 1) {
    const above = textOfPath(path.slice(0, length));
    if (above !== undefined && selection.has(above)) return above;
  }
  return undefined;
}

/** Adds or removes one entry; what a newly chosen folder covers is no longer listed by itself. Paths that are no text stay out. */
export function toggle(selection: Selection, path: EntryPath): Selection {
  const text = textOfPath(path);
  if (text === undefined) return selection;
  const next = new Map(selection);
  if (next.delete(text)) return next;
  for (const chosen of next.keys()) if (chosen.startsWith(`${text}/`)) next.delete(chosen);
  if (next.size < maxChosen) next.set(text, path);
  return next;
}

export const nameOfPath = (path: EntryPath): string => (path.length === 0 ? '/' : labelOf(path.at(-1)!).label);
