import { VaultError } from '../errors.ts';
import type { ReadOptions } from '../ports.ts';
import { decodeTree } from '../tree/tree-codec.ts';
import type { TreeEntry } from '../tree/tree-entry.ts';
import { idsIn } from './file-reader.ts';
import { printablePath } from './snapshot-path.ts';
import type { Snapshot, VaultReader } from './vault-reader.ts';

type Reader = Pick<VaultReader, 'locate' | 'readChunk'>;

/** Of what a repair marked as lost. */
export function contentLost(snapshot: Pick<Snapshot, 'sequence'>, names: readonly Uint8Array[]): VaultError {
  return new VaultError('content_lost', `${printablePath(names)} of snapshot ${snapshot.sequence} is lost: no machine has it any more`);
}

/**
 * Whether a chunk of this very entry is in no pack that the index knows: of a file its content, of a folder its list of names; not what is below
 * it. Throws what reading a chunk list or a folder throws when it is known and can't be read now.
 */
export async function hasLostChunks(reader: Reader, entry: TreeEntry, options: ReadOptions = {}): Promise<boolean> {
  if (entry.tree) {
    if (!reader.locate(entry.tree)) return true;
    const tree = decodeTree(await reader.readChunk('tree', entry.tree, options));
    return 'parts' in tree && tree.parts.some(({ id }) => !reader.locate(id));
  }
  const { content } = entry;
  if (!content) return false;
  if ('ids' in content) return anyLost(reader, content.ids);
  return listLost(reader, content.chunkList, content.depth, options);
}

async function listLost(reader: Reader, listId: Uint8Array, depth: number, options: ReadOptions): Promise<boolean> {
  if (!reader.locate(listId)) return true;
  const ids = await reader.readChunk('chunkList', listId, options);
  if (depth === 1) return anyLost(reader, ids);
  for (const id of idsIn(ids)) if (await listLost(reader, id, depth - 1, options)) return true;
  return false;
}

function anyLost(reader: Reader, ids: Uint8Array): boolean {
  for (const id of idsIn(ids)) if (!reader.locate(id)) return true;
  return false;
}
