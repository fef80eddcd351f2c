import { hash } from 'node:crypto';
import type { TreeEntry } from '#libs/vault';

const temporaryPrefix = '.holdfast-';

/**
 * The name of a file until it is whole. The same for the same content under the same name, so that a run after a crash finds what the run before
 * it began; another one for everything else. It says nothing of the content to whoever can't read the file anyway.
 */
export function temporaryName(name: Uint8Array, entry: TreeEntry): Buffer {
  const { content, dataRanges, size } = entry;
  const ids = content === undefined ? new Uint8Array() : 'ids' in content ? content.ids : content.chunkList;
  const ranges = (dataRanges ?? []).map(({ offset, length }) => `${offset}+${length}`).join();
  const digest = hash('sha256', Buffer.concat([Buffer.from(`${size} ${name.length} ${ranges}\0`), name, ids]), 'hex');
  return Buffer.from(`${temporaryPrefix}${digest.slice(0, 24)}`);
}

/** The same for what has no content: links, devices, further names of a file. */
export function temporarySpecialName(name: Uint8Array): Buffer {
  const digest = hash('sha256', Buffer.concat([Buffer.from('special\0'), name]), 'hex');
  return Buffer.from(`${temporaryPrefix}${digest.slice(0, 24)}`);
}
