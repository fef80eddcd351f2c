import { isFolderAbove, type TreeEntry } from '#libs/vault';
import type { ItemEvent } from '../output/command-event.ts';
import { formatBytes, formatTime, printable, text } from '../output/format.ts';

/** What `ls` says of one entry. */
export function itemOf(path: string, entry: TreeEntry, display: (path: Uint8Array) => string): ItemEvent {
  // Above the backed-up folders: the snapshot has the name and nothing else.
  if (isFolderAbove(entry))
    return { event: 'item', type: 'entry', path, kind: entry.type, mode: null, owner: null, bytes: 0, mtimeMs: null, mtimeNs: null };
  return {
    event: 'item',
    type: 'entry',
    path,
    kind: entry.type,
    mode: modeText(entry),
    owner: `${entry.user ?? entry.uid}:${entry.group ?? entry.gid}`,
    bytes: entry.size,
    mtimeMs: Number(entry.mtimeNs / 1_000_000n),
    mtimeNs: String(entry.mtimeNs),
    ...(entry.linkTarget ? { target: display(entry.linkTarget) } : {}),
    ...(entry.error ? { error: entry.error } : {}),
  };
}

const typeLetters: Readonly<Record<TreeEntry['type'], string>> = {
  file: '-',
  directory: 'd',
  symlink: 'l',
  fifo: 'p',
  socket: 's',
  'block-device': 'b',
  'char-device': 'c',
};

/** As `ls -l` writes it: `drwxr-xr-x`. */
function modeText({ type, mode }: TreeEntry): string {
  const bits = [8, 7, 6, 5, 4, 3, 2, 1, 0].map((bit) => ((mode >> bit) & 1 ? 'rwx'[(8 - bit) % 3]! : '-'));
  const special = (at: number, bit: number, letter: string): void => {
    if ((mode >> bit) & 1) bits[at] = bits[at] === 'x' ? letter : letter.toUpperCase();
  };
  special(2, 11, 's');
  special(5, 10, 's');
  special(8, 9, 't');
  return typeLetters[type] + bits.join('');
}

/** The same as a line of text; what is not known is a dash. */
export const entryLine = (e: ItemEvent): string =>
  `${text(e['mode'] ?? '-').padEnd(10)}  ${text(e['owner'] ?? '-').padEnd(12)}  ${formatBytes(Number(e['bytes'])).padStart(9)}  ${e['mtimeMs'] === null ? '-'.padEnd(19) : formatTime(Number(e['mtimeMs']))}  ${printable(text(e['path']))}${e['target'] === undefined ? '' : ` -> ${printable(text(e['target']))}`}${e['error'] === undefined ? '' : `  (not read: ${text(e['error'])})`}${e['lost'] === true ? '  (lost)' : ''}`;
