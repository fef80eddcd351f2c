import type { StoreChunk } from '#libs/vault';
import { ContentWriter, type FileContent, idBytes, limits } from '#libs/vault';

/** A file's chunk ids as its tree entry holds them: inline, at once, or as chunk lists when there are many. */
export function contentOf(ids: Uint8Array, store: StoreChunk): FileContent | undefined | Promise<FileContent | undefined> {
  // What the writer would say, without one for every small file.
  if (ids.length === 0) return undefined;
  if (ids.length <= limits.inlineIds * idBytes) return { ids };
  return listed(ids, store);
}

async function listed(ids: Uint8Array, store: StoreChunk): Promise<FileContent | undefined> {
  const writer = new ContentWriter(store);
  for (let at = 0; at < ids.length; at += idBytes) await writer.add(ids.subarray(at, at + idBytes));
  return writer.finish();
}
