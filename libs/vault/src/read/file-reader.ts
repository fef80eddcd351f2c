import { toHex } from '#libs/kernel';
import { VaultError } from '../errors.ts';
import { idBytes, limits } from '../limits.ts';
import type { ReadOptions } from '../ports.ts';
import { printableName } from '../tree/safe-name.ts';
import type { FileContent, TreeEntry } from '../tree/tree-entry.ts';
import type { ChunkReader, LocatedChunk } from './chunk-reader.ts';
import { contentLength, type FileSegment, segmentsOfRange } from './file-segments.ts';

/** A chunk of a file and its place in the file's content (see {@link segmentsOfContent} for its places in the file). */
export interface FileChunk extends LocatedChunk {
  readonly contentOffset: number;
}

/** Bytes at a place of the file, or a hole of that many bytes. */
export type FilePiece = { readonly offset: number; readonly bytes: Uint8Array } | { readonly offset: number; readonly hole: number };

export interface FileRange extends ReadOptions {
  /** Default: from the start. */
  readonly offset?: number;
  /** Default: to the end. */
  readonly length?: number;
}

/** Plain bytes fetched together; the next window is fetched while one is consumed. */
const windowBytes = 8 * 1024 * 1024;
const zeroBytes = 1024 * 1024;

/** Reads the contents of files. Memory: two windows of 8 MiB (or one chunk, if larger) and a list of ids. */
export class FileReader {
  readonly #chunks: ChunkReader;

  constructor(chunks: ChunkReader) {
    this.#chunks = chunks;
  }

  /** Chunk ids in order, chunk lists followed. Throws `tree_corrupt` for a list that is none. */
  async *ids(content: FileContent, options: ReadOptions = {}): AsyncGenerator<Uint8Array> {
    if ('ids' in content) return yield* idsIn(content.ids);
    yield* this.#listed(content.chunkList, content.depth, options);
  }

  /** Ids of the chunk-list chunks themselves. */
  async *listIds(content: FileContent, options: ReadOptions = {}): AsyncGenerator<Uint8Array> {
    if ('ids' in content) return;
    let level = [content.chunkList];
    for (let { depth } = content; depth > 0; depth -= 1) {
      yield* level;
      if (depth === 1) return;
      const below: Uint8Array[] = [];
      for (const id of level) below.push(...idsIn(await this.#list(id, options)));
      level = below;
    }
  }

  /** The file's chunks with their places. Throws `not_captured`, `chunk_not_found`, or `tree_corrupt` when they do not add up to its size. */
  async *chunksOf(entry: TreeEntry, options: ReadOptions = {}): AsyncGenerator<FileChunk> {
    const expected = expectedLength(entry);
    let contentOffset = 0;
    if (entry.content) {
      for await (const id of this.ids(entry.content, options)) {
        const chunk = this.#chunks.locate('data', id);
        yield { ...chunk, contentOffset };
        contentOffset += chunk.plainLength;
        if (contentOffset > expected) break;
      }
    }
    checkLength(entry, contentOffset);
  }

  /** All of {@link chunksOf}: nothing is waited for where the ids stand in the entry itself, as those of most files do. */
  async allChunksOf(entry: TreeEntry, options: ReadOptions = {}): Promise<readonly FileChunk[]> {
    const chunks: FileChunk[] = [];
    const { content } = entry;
    if (!content || !('ids' in content)) {
      for await (const chunk of this.chunksOf(entry, options)) chunks.push(chunk);
      return chunks;
    }
    expectedLength(entry);
    let contentOffset = 0;
    for (const id of idsIn(content.ids)) {
      const chunk = this.#chunks.locate('data', id);
      chunks.push({ ...chunk, contentOffset });
      contentOffset += chunk.plainLength;
    }
    checkLength(entry, contentOffset);
    return chunks;
  }

  /** The file in order, holes as marks; pieces with bytes are at most one chunk long. */
  async *pieces(entry: TreeEntry, range: FileRange = {}): AsyncGenerator<FilePiece> {
    expectedLength(entry);
    const offset = Math.min(range.offset ?? 0, entry.size);
    const length = Math.min(range.length ?? entry.size, entry.size - offset);
    if (!(offset >= 0 && length >= 0))
      throw new VaultError('invalid_input', `no such range of a file: ${range.length} from ${range.offset}`);
    const segments = [...segmentsOfRange(entry, offset, length)];
    let position = offset;
    let current = 0;
    for await (const piece of this.#content(entry, segments, range)) {
      // One piece of content may reach over holes.
      let at = piece.contentOffset;
      const end = at + piece.bytes.length;
      while (at < end) {
        const segment = segments[current]!;
        const segmentEnd = segment.contentOffset + segment.length;
        const fileOffset = segment.fileOffset + (at - segment.contentOffset);
        if (fileOffset > position) yield { offset: position, hole: fileOffset - position };
        const to = Math.min(end, segmentEnd);
        yield { offset: fileOffset, bytes: piece.bytes.subarray(at - piece.contentOffset, to - piece.contentOffset) };
        position = fileOffset + (to - at);
        at = to;
        if (to === segmentEnd) current += 1;
      }
    }
    if (position < offset + length) yield { offset: position, hole: offset + length - position };
  }

  /** The file's bytes in order, holes as zeros. */
  async *bytes(entry: TreeEntry, range: FileRange = {}): AsyncGenerator<Uint8Array> {
    for await (const piece of this.pieces(entry, range)) {
      if ('bytes' in piece) yield piece.bytes;
      else for (let left = piece.hole; left > 0; left -= zeroBytes) yield new Uint8Array(Math.min(left, zeroBytes));
    }
  }

  /** Content from the first to the last of the segments (which follow each other in the content), in order. */
  async *#content(
    entry: TreeEntry,
    segments: readonly FileSegment[],
    options: ReadOptions,
  ): AsyncGenerator<{ readonly contentOffset: number; readonly bytes: Uint8Array }> {
    if (segments.length === 0) return;
    const from = segments[0]!.contentOffset;
    const to = segments.at(-1)!.contentOffset + segments.at(-1)!.length;
    let ahead: Promise<ReadWindow> | undefined;
    try {
      for await (const window of this.#windows(entry, from, to, options)) {
        const next = this.#readWindow(window, options);
        next.catch(() => undefined);
        if (ahead) yield* cut(await ahead, from, to);
        ahead = next;
      }
      if (ahead) yield* cut(await ahead, from, to);
    } finally {
      await ahead?.catch(() => undefined);
    }
  }

  async *#windows(entry: TreeEntry, from: number, to: number, options: ReadOptions): AsyncGenerator<readonly FileChunk[]> {
    let window: FileChunk[] = [];
    let bytes = 0;
    for await (const chunk of this.chunksOf(entry, options)) {
      if (chunk.contentOffset >= to || chunk.contentOffset + chunk.plainLength <= from) continue;
      if (window.length > 0 && bytes + chunk.plainLength > windowBytes) {
        yield window;
        window = [];
        bytes = 0;
      }
      window.push(chunk);
      bytes += chunk.plainLength;
    }
    if (window.length > 0) yield window;
  }

  async #readWindow(window: readonly FileChunk[], options: ReadOptions): Promise<ReadWindow> {
    const plaintexts = new Map<string, Uint8Array>();
    for await (const { id, plaintext } of this.#chunks.readMany('data', window, options)) plaintexts.set(toHex(id), plaintext);
    return window.map((chunk) => ({ contentOffset: chunk.contentOffset, bytes: plaintexts.get(toHex(chunk.id))! }));
  }

  async *#listed(listId: Uint8Array, depth: number, options: ReadOptions): AsyncGenerator<Uint8Array> {
    const list = await this.#list(listId, options);
    if (depth === 1) return yield* idsIn(list);
    for (const id of idsIn(list)) yield* this.#listed(id, depth - 1, options);
  }

  async #list(id: Uint8Array, options: ReadOptions): Promise<Uint8Array> {
    const list = await this.#chunks.read('chunkList', id, options);
    if (list.length === 0 || list.length % idBytes !== 0 || list.length > limits.idsPerChunkList * idBytes) {
      throw new VaultError('tree_corrupt', `chunk list ${toHex(id.subarray(0, 8))}… is no list of ids`);
    }
    return list;
  }
}

type ReadWindow = readonly { readonly contentOffset: number; readonly bytes: Uint8Array }[];

/** Ids that stand one after the other. */
export function* idsIn(ids: Uint8Array): Generator<Uint8Array> {
  for (let at = 0; at < ids.length; at += idBytes) yield ids.subarray(at, at + idBytes);
}

function* cut(window: ReadWindow, from: number, to: number): Generator<{ readonly contentOffset: number; readonly bytes: Uint8Array }> {
  for (const { contentOffset, bytes } of window) {
    const start = Math.max(0, from - contentOffset);
    const end = Math.min(bytes.length, to - contentOffset);
    if (start < end) yield { contentOffset: contentOffset + start, bytes: bytes.subarray(start, end) };
  }
}

function expectedLength(entry: TreeEntry): number {
  if (entry.type !== 'file') throw new VaultError('invalid_input', `${printableName(entry.name)} is a ${entry.type}, not a file`);
  const length = contentLength(entry);
  if (entry.error !== undefined || (length > 0 && !entry.content)) {
    throw new VaultError(
      'not_captured',
      `the content of ${printableName(entry.name)} could not be read when this snapshot was made (${entry.error ?? 'unknown'})`,
    );
  }
  return length;
}

function checkLength(entry: TreeEntry, length: number): void {
  const expected = expectedLength(entry);
  if (length !== expected)
    throw new VaultError('tree_corrupt', `file ${printableName(entry.name)}: its chunks do not add up to its ${expected} bytes`);
}
