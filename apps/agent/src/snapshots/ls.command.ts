import { z } from 'zod';
import { hasLostChunks, type Snapshot, type TreeEntry, type VaultReader } from '#libs/vault';
import { exitCodes } from '../cli/exit-codes.ts';
import { defineCommand } from '../commands/command.ts';
import { openOwnVault } from '../reading/open-vault.ts';
import { withNewestThatHas } from './path-elsewhere.ts';
import { chosenSnapshot } from './chosen-snapshot.ts';
import { entryLine, itemOf } from './entry-item.ts';
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
    item: entryLine,
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
