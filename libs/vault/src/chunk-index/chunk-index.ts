import { VaultError } from '../errors.ts';
import { idBytes } from '../limits.ts';
import { directoryEntryBytes } from '../pack/pack-directory.ts';
import { chunkKinds } from '../chunk/chunk-kind.ts';

/** Where a chunk is. */
export interface ChunkLocation {
  readonly ordinal: number;
  readonly offset: number;
  readonly sealedLength: number;
  readonly plainLength: number;
}

export interface IndexedChunk extends ChunkLocation {
  readonly id: Uint8Array;
}

/** 12 words an entry: id 8, ordinal, offset, sealed length, plain length. */
const words = 12;
/** Entries in one segment (3 MiB), so that growing never copies them. */
const segmentEntries = 65_536;
/** Slots in use at most; linear probing stays short below. */
const maxLoad = 0.8;
const smallestTable = 1_024;

/**
 * All chunks of a vault: an open-addressing hash table over typed arrays, 54 to 58 bytes a chunk (plus at most one
 * segment), no object a chunk. Ids are keyed hashes, so their first word is a good hash and nobody can aim collisions.
 * No removal: what is pruned is left out when the index is loaded the next time.
 */
export class ChunkIndex {
  #segments: Uint32Array[] = [];
  #size = 0;
  /** Slot → entry number + 1; 0 is empty. */
  #slots: Uint32Array;
  #mask: number;
  readonly #key = new Uint32Array(8);
  readonly #keyBytes = new Uint8Array(this.#key.buffer);

  /** Room for `expectedChunks` without growing. */
  constructor(expectedChunks = 0) {
    let slots = smallestTable;
    while (slots * maxLoad < expectedChunks) slots *= 2;
    this.#slots = new Uint32Array(slots);
    this.#mask = slots - 1;
  }

  get size(): number {
    return this.#size;
  }

  /** Bytes of memory that the table takes. */
  get byteLength(): number {
    return this.#slots.byteLength + this.#segments.length * segmentEntries * words * 4;
  }

  has(id: Uint8Array): boolean {
    return this.#slots[this.#find(id)] !== 0;
  }

  lookup(id: Uint8Array): ChunkLocation | undefined {
    const entry = this.#slots[this.#find(id)]! - 1;
    return entry < 0 ? undefined : this.#location(entry);
  }

  /** Which pack has the chunk whose id lies at `at` in these bytes; -1 for none. Makes no object. */
  ordinalOf(bytes: Uint8Array, at: number): number {
    const entry = this.#slots[this.#findAt(bytes, at)]! - 1;
    return entry < 0 ? -1 : this.#segments[Math.floor(entry / segmentEntries)]![(entry % segmentEntries) * words + 8]!;
  }

  /** Replaces what was known of this id. True when the id is new. All numbers are unsigned 32-bit. */
  insert(id: Uint8Array, ordinal: number, offset: number, sealedLength: number, plainLength: number): boolean {
    const slot = this.#find(id);
    let entry = this.#slots[slot]! - 1;
    const isNew = entry < 0;
    if (isNew) {
      entry = this.#size;
      if (entry === this.#segments.length * segmentEntries) this.#segments.push(new Uint32Array(segmentEntries * words));
      this.#slots[slot] = entry + 1;
      this.#size += 1;
    }
    const segment = this.#segments[Math.floor(entry / segmentEntries)]!;
    const at = (entry % segmentEntries) * words;
    if (isNew) segment.set(this.#key, at);
    segment[at + 8] = ordinal;
    segment[at + 9] = offset;
    segment[at + 10] = sealedLength;
    segment[at + 11] = plainLength;
    if (this.#size > this.#slots.length * maxLoad) this.#grow();
    return isNew;
  }

  /** All data, tree and chunk-list chunks of a pack's plain directory; those that are known stay where they are with `onlyNew`. Returns how many ids were new. */
  insertDirectory(ordinal: number, directory: Uint8Array, options: { readonly onlyNew?: boolean } = {}): number {
    const view = new DataView(directory.buffer, directory.byteOffset, directory.byteLength);
    let added = 0;
    for (let at = 4; at < directory.length; at += directoryEntryBytes) {
      if (directory[at]! > chunkKinds.tree) continue;
      const id = directory.subarray(at + 1, at + 1 + idBytes);
      if (options.onlyNew && this.has(id)) continue;
      if (this.insert(id, ordinal, view.getUint32(at + 33, true), view.getUint32(at + 37, true), view.getUint32(at + 41, true))) added += 1;
    }
    return added;
  }

  /** The entries as they lie in memory, in segments of {@link segmentLengths} bytes: views, to be written out. */
  segments(): Uint8Array[] {
    return ChunkIndex.segmentLengths(this.#size).map(
      (length, i) => new Uint8Array(this.#segments[i]!.buffer, this.#segments[i]!.byteOffset, length),
    );
  }

  /** Bytes of each segment of an index of `size` chunks. */
  static segmentLengths(size: number): number[] {
    return Array.from(
      { length: Math.ceil(size / segmentEntries) },
      (_, i) => Math.min(segmentEntries, size - i * segmentEntries) * words * 4,
    );
  }

  /** The index that {@link segments} came from; no id may be in it twice. Takes the memory of whole segments over. */
  static fromSegments(segments: readonly Uint8Array[], size: number): ChunkIndex {
    const index = new ChunkIndex(size);
    index.#segments = segments.map((bytes) => {
      if (bytes.length === segmentEntries * words * 4 && bytes.byteOffset % 4 === 0)
        return new Uint32Array(bytes.buffer, bytes.byteOffset, segmentEntries * words);
      const segment = new Uint32Array(segmentEntries * words);
      new Uint8Array(segment.buffer).set(bytes);
      return segment;
    });
    index.#size = size;
    index.#fillSlots();
    return index;
  }

  /** Every chunk, in order of insertion. Entries inserted meanwhile are included. */
  *entries(): Generator<IndexedChunk> {
    for (let entry = 0; entry < this.#size; entry += 1) {
      const at = (entry % segmentEntries) * words;
      const segment = this.#segments[Math.floor(entry / segmentEntries)]!;
      const id = new Uint8Array(idBytes);
      id.set(new Uint8Array(segment.buffer, segment.byteOffset + at * 4, idBytes));
      yield { id, ...this.#location(entry) };
    }
  }

  #location(entry: number): ChunkLocation {
    const segment = this.#segments[Math.floor(entry / segmentEntries)]!;
    const at = (entry % segmentEntries) * words;
    return { ordinal: segment[at + 8]!, offset: segment[at + 9]!, sealedLength: segment[at + 10]!, plainLength: segment[at + 11]! };
  }

  /** The slot of this id, or the empty one where it belongs. Leaves the id in #key. */
  #find(id: Uint8Array): number {
    if (id.length !== idBytes) throw new VaultError('invalid_input', `a chunk id has ${idBytes} bytes, not ${id.length}`);
    return this.#findAt(id, 0);
  }

  #findAt(bytes: Uint8Array, at: number): number {
    const keyBytes = this.#keyBytes;
    for (let i = 0; i < idBytes; i += 1) keyBytes[i] = bytes[at + i]!;
    const key = this.#key;
    for (let slot = key[0]! & this.#mask; ; slot = (slot + 1) & this.#mask) {
      const entry = this.#slots[slot]! - 1;
      if (entry < 0) return slot;
      const segment = this.#segments[Math.floor(entry / segmentEntries)]!;
      const at = (entry % segmentEntries) * words;
      if (segment[at] !== key[0] || segment[at + 1] !== key[1]) continue;
      let same = true;
      for (let i = 2; i < 8 && same; i += 1) same = segment[at + i] === key[i];
      if (same) return slot;
    }
  }

  #grow(): void {
    this.#slots = new Uint32Array(this.#slots.length * 2);
    this.#mask = this.#slots.length - 1;
    this.#fillSlots();
  }

  /** All entries into empty slots: no id is in twice, so none is compared. */
  #fillSlots(): void {
    const slots = this.#slots;
    const mask = this.#mask;
    for (let entry = 0; entry < this.#size; entry += 1) {
      const first = this.#segments[Math.floor(entry / segmentEntries)]![(entry % segmentEntries) * words]!;
      let slot = first & mask;
      while (slots[slot] !== 0) slot = (slot + 1) & mask;
      slots[slot] = entry + 1;
    }
  }
}
