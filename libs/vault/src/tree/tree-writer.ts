import type { Primitives } from '#libs/crypto';
import { compareBytes, utf8 } from '#libs/kernel';
import { CborWriter } from '../cbor/cbor-writer.ts';
import { VaultError } from '../errors.ts';
import { limits } from '../limits.ts';
import { writeEntry } from './entry-codec.ts';
import { assertSafeName, printableName } from './safe-name.ts';
import { encodeTreeEntries, encodeTreeParts, type TreePart } from './tree-codec.ts';
import type { TreeEntry } from './tree-entry.ts';

/** Stores a plaintext as a chunk of this kind, unless it is known already, and gives its id. */
export type StoreChunk = (kind: 'tree' | 'chunkList', plaintext: Uint8Array) => Promise<Uint8Array>;

export interface TreeWriterOptions {
  readonly primitives: Pick<Primitives, 'keyedBlake3'>;
  /** The vault's gear subkey: where a large directory is cut depends on it. */
  readonly gearKey: Uint8Array;
  readonly store: StoreChunk;
}

/** A cut after every 256 KiB of entries on average. */
const averagePartBytes = 256 * 1024;
const boundaryLabel = utf8('holdfast/tree-boundary/1');

interface Encoded {
  readonly name: Uint8Array;
  readonly bytes: Uint8Array;
}

/**
 * Writes one directory, whose entries are fed in ascending order of their name bytes.
 *
 * Up to 4,096 entries and 1 MiB it is one chunk. A larger one is cut into parts after entries chosen by a keyed hash of
 * the name (more likely the longer the entry), so that a new file in a huge folder changes one part and the list of
 * parts. Memory: one part (1 MiB and one entry) and the first names of the parts.
 */
export class TreeWriter {
  readonly #options: TreeWriterOptions;
  readonly #boundaryKey: Uint8Array;
  readonly #cbor = new CborWriter(1024);
  #pending: Encoded[] = [];
  #pendingBytes = 0;
  #parts: TreePart[] = [];
  #split = false;
  #last: Uint8Array | undefined;

  constructor(options: TreeWriterOptions) {
    this.#options = options;
    this.#boundaryKey = options.primitives.keyedBlake3(options.gearKey, boundaryLabel);
  }

  /** Throws `unsafe_name`, `invalid_input` (out of order, twice, or not allowed) or `limit_exceeded`. */
  async add(entry: TreeEntry): Promise<void> {
    await this.put(entry);
  }

  /** {@link add} that throws what that rejects with, and where there is something to wait for only when a part of a large directory is stored. */
  put(entry: TreeEntry): Promise<void> | undefined {
    assertSafeName(entry.name);
    if (this.#last && compareBytes(this.#last, entry.name) >= 0)
      throw new VaultError('invalid_input', `entry ${printableName(entry.name)} comes out of order`);
    this.#cbor.reset();
    writeEntry(this.#cbor, entry);
    const bytes = this.#cbor.finish();
    if (bytes.length > limits.entryBytes)
      throw new VaultError(
        'limit_exceeded',
        `entry ${printableName(entry.name)} takes ${bytes.length} bytes, more than ${limits.entryBytes}`,
      );
    this.#last = entry.name;
    const encoded = { name: entry.name, bytes };
    if (this.#split) return this.#append(encoded);
    this.#pending.push(encoded);
    this.#pendingBytes += bytes.length;
    const fits = this.#pending.length <= limits.entriesPerPart && this.#pendingBytes <= limits.partBytes;
    return fits ? undefined : this.#beginSplit();
  }

  /** Id of the finished directory. */
  async finish(): Promise<Uint8Array> {
    if (!this.#split) return this.#options.store('tree', encodeTreeEntries(this.#pending.map((one) => one.bytes)));
    if (this.#pending.length > 0) await this.#endPart();
    return this.#options.store('tree', encodeTreeParts(this.#parts));
  }

  async #beginSplit(): Promise<void> {
    this.#split = true;
    const soFar = this.#pending;
    this.#pending = [];
    this.#pendingBytes = 0;
    for (const one of soFar) await this.#append(one);
  }

  async #append(one: Encoded): Promise<void> {
    const full = this.#pending.length === limits.entriesPerPart || this.#pendingBytes + one.bytes.length > limits.partBytes;
    if (full && this.#pending.length > 0) await this.#endPart();
    this.#pending.push(one);
    this.#pendingBytes += one.bytes.length;
    const hash = this.#options.primitives.keyedBlake3(this.#boundaryKey, one.name);
    const draw = hash[0]! + hash[1]! * 0x100 + hash[2]! * 0x1_0000 + hash[3]! * 0x100_0000;
    if (draw < one.bytes.length * (0x1_0000_0000 / averagePartBytes)) await this.#endPart();
  }

  async #endPart(): Promise<void> {
    if (this.#parts.length === limits.partsPerDirectory)
      throw new VaultError('limit_exceeded', `a directory has more than ${limits.partsPerDirectory} parts`);
    const part = this.#pending;
    this.#pending = [];
    this.#pendingBytes = 0;
    const id = await this.#options.store('tree', encodeTreeEntries(part.map((one) => one.bytes)));
    this.#parts.push({ firstName: part[0]!.name, id });
  }
}
