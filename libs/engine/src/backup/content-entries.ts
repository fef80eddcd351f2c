import type { StoreChunk } from '#libs/vault';
import { ContentWriter, type FileContent, idBytes, limits } from '#libs/vault';

/** A file's chunk ids as its tree entry holds them: inline, or as chunk lists when there are many. */
export async function contentOf(ids: Uint8Array, store: StoreChunk): Promise<FileContent | undefined> {
  // What the writer would say, without one for every small file.
  if (ids.length > 0 && ids.length <= limits.inlineIds * idBytes) return { ids };
  const writer = new ContentWriter(store);
  for (let at = 0; at < ids.length; at += idBytes) await writer.add(ids.subarray(at, at + idBytes));
  return writer.finish();
}
