import type { StoreChunk } from '#libs/vault';
import { ContentWriter, type FileContent } from '#libs/vault';

/** A file's chunk ids as its tree entry holds them: inline, or as chunk lists when there are many. */
export async function contentOf(ids: Uint8Array, store: StoreChunk): Promise<FileContent | undefined> {
  const writer = new ContentWriter(store);
  for (let at = 0; at < ids.length; at += 32) await writer.add(ids.subarray(at, at + 32));
  return writer.finish();
}
