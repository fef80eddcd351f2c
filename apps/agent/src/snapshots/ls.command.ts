import { z } from 'zod';
import { hasLostChunks, type Snapshot, type TreeEntry, type VaultReader } from '#libs/vault';
import { exitCodes } from '../cli/exit-codes.ts';
import { defineCommand } from '../commands/command.ts';
import type { ItemEvent } from '../output/command-event.ts';
import { formatBytes, formatTime, printable, text } from '../output/format.ts';
import { openOwnVault } from '../reading/open-vault.ts';
import { withNewestThatHas } from './path-elsewhere.ts';
import { chosenSnapshot } from './chosen-snapshot.ts';
import { pathNames, typedPath } from './typed-path.ts';

const args = z.strictObject({
  path: z.string().min(1).max(4096),
  snapshot: z.union([z.literal('latest'), z.int().min(1)]),
  recursive: z.boolean(),
});

/** `holdfast ls`: what a snapshot holds; reads trees only, never a file's data. */
export const lsCommand = defineCommand<z.infer<typeof args>>({
  args,
  access: 'exclusive',
  async *run({ agent, signal }, options) {
    const { displayPath } = await import('#libs/engine');
    const { reader } = await openOwnVault(agent, signal);
    const typed = typedPath(options.path);
    const snapshot = await chosenSnapshot(reader, options.snapshot, [typed], signal);
    const path = pathNames(typed);
    let entries = 0;
    try {
      if (options.recursive) {
        for await (const { path: names, entry } of reader.walk(snapshot, path, { signal })) {
          entries += 1;
          yield {
            ...itemOf(`/${names.map((name) => displayPath(name)).join('/')}`, entry, displayPath),
            ...(await lostField(reader, snapshot, entry, signal)),
          };
        }
      } else {
        const folder = options.path === '/' ? '' : options.path.replace(/\/+$/, '');
        const at = folder === '' ? undefined : await reader.entry(snapshot, path, { signal });
        if (at && at.type !== 'directory') {
          entries = 1;
          yield { ...itemOf(folder, at, displayPath), ...(await lostField(reader, snapshot, at, signal)) };
        } else {
          for await (const entry of reader.list(snapshot, path, { signal })) {
            entries += 1;
            yield {
              ...itemOf(`${folder}/${displayPath(entry.name)}`, entry, displayPath),
              ...(await lostField(reader, snapshot, entry, signal)),
            };
          }
        }
      }
    } catch (error) {
      const command = (paths: readonly string[]): string[] => ['holdfast', 'ls', ...(options.recursive ? ['-r'] : []), ...paths];
      throw await withNewestThatHas(error, { reader, snapshot: options.snapshot, paths: [options.path], signal, command });
    }
    yield { event: 'result', command: 'ls', exitCode: exitCodes.done, sequence: snapshot.sequence, entries };
  },
  text: {
    item: (e) =>
      `${text(e['mode'])}  ${text(e['owner']).padEnd(12)}  ${formatBytes(Number(e['bytes'])).padStart(9)}  ${formatTime(Number(e['mtimeMs']))}  ${printable(text(e['path']))}${e['target'] === undefined ? '' : ` -> ${printable(text(e['target']))}`}${e['error'] === undefined ? '' : `  (not read: ${text(e['error'])})`}${e['lost'] === true ? '  (lost)' : ''}`,
  },
});

/** Of a snapshot that a repair marked: whether this very entry is lost. */
async function lostField(
  reader: VaultReader,
  snapshot: Snapshot,
  entry: TreeEntry,
  signal: AbortSignal,
): Promise<{ readonly lost?: true }> {
  return snapshot.lost && (await hasLostChunks(reader, entry, { signal })) ? { lost: true } : {};
}

function itemOf(path: string, entry: TreeEntry, display: (path: Uint8Array) => string): ItemEvent {
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
