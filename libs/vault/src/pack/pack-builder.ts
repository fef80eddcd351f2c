import type { Primitives, Sealer, VaultKeys } from '#libs/crypto';
import type { RandomSource, VaultId } from '#libs/kernel';
import { associatedDataFor } from '../chunk/associated-data.ts';
import type { ChunkKind } from '../chunk/chunk-kind.ts';
import { toStored } from '../chunk/stored-form.ts';
import { VaultError } from '../errors.ts';
import { limits, sealOverhead } from '../limits.ts';
import type { PackKind, SealedPack } from '../ports.ts';
import { packDagOf } from './pack-dag.ts';
import { type DirectoryEntry, directorySize, encodeDirectory, plainLimit } from './pack-directory.ts';
import { type BlockHash, hashBlock } from './pack-id.ts';
import { encodePackHeader, packHeaderBytes, packTrailerBytes } from './pack-layout.ts';
import type { PackSpool } from './pack-spool.ts';
import { padme } from './padme.ts';

/** What a writer knows of a finished pack. Plain data: survives structured cloning. */
interface PackFacts extends Omit<SealedPack, 'bytes'> {
  readonly sizeBytes: number;
  readonly epoch: number;
  readonly noncePrefix: Uint8Array;
  /** The plain directory; see {@link readDirectory} and `ChunkIndex.insertDirectory`. */
  readonly directory: Uint8Array;
}

/** A finished pack in memory. */
export interface WrittenPack extends SealedPack, PackFacts {}

/** A finished pack whose bytes are in its spool, all of them. */
export interface SpooledPack<Spool extends PackSpool = PackSpool> extends PackFacts {
  readonly spool: Spool;
}

export interface PackBuilderOptions {
  readonly primitives: Primitives;
  readonly random: RandomSource;
  readonly vaultId: VaultId;
  /** Subkeys of `epoch`. */
  readonly keys: Pick<VaultKeys, 'data' | 'meta' | 'index'>;
  readonly epoch: number;
  readonly kind: PackKind;
  /** Zstandard level; default 1. */
  readonly compressionLevel?: number | undefined;
  readonly blockHash?: BlockHash | undefined;
}

/**
 * One open pack. Chunks are sealed as they come, straight into the pack's buffer. Without a spool the buffer is the pack and doubles as it
 * grows; with one, {@link drain} hands over what is complete, and the buffer stays near a leaf and a chunk.
 */
export class PackBuilder {
  readonly #options: PackBuilderOptions;
  readonly #noncePrefix: Uint8Array;
  readonly #sealer: Sealer;
  readonly #associatedData: ReturnType<typeof associatedDataFor>;
  #buffer: Uint8Array;
  /** Offset in the pack of the first byte in the buffer: a whole number of leaves. */
  #base = 0;
  #end = packHeaderBytes;
  #entries: DirectoryEntry[] = [];
  readonly #leafDigests: Uint8Array[] = [];

  /** `initialBytes`: what is taken at once, where it is known that the pack will fill. */
  constructor(options: PackBuilderOptions, initialBytes = 64 * 1024) {
    const { primitives, random, vaultId, keys, epoch, kind } = options;
    this.#options = options;
    this.#noncePrefix = random.bytes(16);
    this.#sealer = primitives.sealer(keys[kind], this.#noncePrefix);
    this.#associatedData = associatedDataFor(vaultId);
    this.#buffer = new Uint8Array(initialBytes);
    this.#buffer.set(encodePackHeader({ kind, vaultId, epoch, noncePrefix: this.#noncePrefix }));
  }

  get chunkCount(): number {
    return this.#entries.length;
  }

  /** Whether there is a whole leaf that {@link drain} would hand over. */
  get hasWholeLeaf(): boolean {
    return this.#end - this.#base >= limits.leafBytes;
  }

  /** Size of the finished pack, padding included, if `stored` more bytes in `chunks` more chunks came in. */
  sizeWith(stored: number, chunks: number): number {
    return padme(
      this.#end + stored + chunks * sealOverhead + directorySize(this.#entries.length + chunks) + sealOverhead + packTrailerBytes,
    );
  }

  /** Size of the finished pack with everything of `other` in it. */
  sizeWithAll(other: PackBuilder): number {
    return this.sizeWith(other.#end - packHeaderBytes - other.chunkCount * sealOverhead, other.chunkCount);
  }

  /** Compresses a plaintext as this pack would store it. */
  toStored(plaintext: Uint8Array): Uint8Array {
    return toStored(this.#options.primitives, plaintext, this.#options.compressionLevel ?? 1);
  }

  /** Seals `stored` into the pack. Throws `limit_exceeded` when the chunk or the pack would become too large. */
  add(kind: ChunkKind, id: Uint8Array, stored: Uint8Array, plainLength: number): void {
    if (plainLength > plainLimit(kind))
      throw new VaultError('limit_exceeded', `a ${kind} chunk of ${plainLength} bytes is over the limit of ${plainLimit(kind)}`);
    if (this.#entries.length >= limits.chunksPerPack || this.sizeWith(stored.length, 1) > limits.packBytes) {
      throw new VaultError('limit_exceeded', `the pack would exceed ${limits.packBytes} bytes or ${limits.chunksPerPack} chunks`);
    }
    const offset = this.#end;
    this.#seal(stored, this.#associatedData(kind, offset, id));
    this.#entries.push({ kind, id: id.slice(), offset, sealedLength: this.#end - offset, plainLength });
  }

  /** Moves everything from `other` in here; `other` is empty afterwards and good for nothing. Only what is still in its buffer. */
  merge(other: PackBuilder): void {
    for (const entry of other.#entries) {
      const at = entry.offset - other.#base;
      this.#take(other, entry, other.#buffer.subarray(at, at + entry.sealedLength));
    }
    other.#entries = [];
  }

  /** {@link merge} of a pack that was drained to `spool` in part. `afterEach` may drain this one. */
  async mergeSpooled(other: PackBuilder, spool: PackSpool, afterEach: () => Promise<void>): Promise<void> {
    for (const entry of other.#entries) {
      const sealed = new Uint8Array(entry.sealedLength);
      const spooled = Math.min(entry.sealedLength, Math.max(0, other.#base - entry.offset));
      if (spooled > 0) sealed.set(await spool.read(entry.offset, spooled));
      const at = entry.offset + spooled - other.#base;
      sealed.set(other.#buffer.subarray(at, at + entry.sealedLength - spooled), spooled);
      this.#take(other, entry, sealed);
      await afterEach();
    }
    other.#entries = [];
  }

  /** Seals directory, padding and trailer. Only {@link drain}, {@link inMemory} and {@link spooled} come after it. */
  close(): void {
    const directory = encodeDirectory(this.#entries);
    const sizeBytes = this.sizeWith(0, 0);
    const directoryOffset = this.#end;
    this.#seal(directory, this.#associatedData('directory', directoryOffset));
    const place = new Uint8Array(8);
    new DataView(place.buffer).setUint32(0, directoryOffset, true);
    new DataView(place.buffer).setUint32(4, this.#end - directoryOffset, true);
    const trailerOffset = sizeBytes - packTrailerBytes;
    this.#reserve(sizeBytes);
    if (trailerOffset > this.#end) this.#buffer.set(this.#options.random.bytes(trailerOffset - this.#end), this.#end - this.#base);
    this.#end = trailerOffset;
    this.#seal(place, this.#associatedData('trailer', trailerOffset));
  }

  /** Writes all whole leaves to the spool; `final`, after {@link close}, what is left too. Nothing may be added meanwhile. */
  async drain(spool: PackSpool, final = false): Promise<void> {
    const held = this.#end - this.#base;
    const length = final ? held : held - (held % limits.leafBytes);
    this.#hashLeaves(length);
    await spool.write(this.#base, this.#buffer.subarray(0, length));
    this.#buffer.copyWithin(0, length, held);
    this.#base += length;
  }

  /** The pack, after {@link close}, of which nothing was drained. The builder can't be used afterwards: its buffer is the pack. */
  inMemory(): WrittenPack {
    const sizeBytes = this.#end;
    this.#hashLeaves(sizeBytes);
    // A small pack must not keep a buffer of twice its size alive.
    const bytes = this.#buffer.length > sizeBytes * 1.25 ? this.#buffer.slice(0, sizeBytes) : this.#buffer.subarray(0, sizeBytes);
    this.#buffer = new Uint8Array(0);
    return { ...this.#facts(), bytes };
  }

  /** The pack, after {@link close} and the final {@link drain}. */
  spooled<Spool extends PackSpool>(spool: Spool): SpooledPack<Spool> {
    this.#buffer = new Uint8Array(0);
    return { ...this.#facts(), spool };
  }

  #facts(): PackFacts {
    const { primitives, kind, epoch, blockHash = 'blake3' } = this.#options;
    const sizeBytes = this.#end;
    const { packId, rootBlock } = packDagOf(primitives, this.#leafDigests, sizeBytes, blockHash);
    return { packId, kind, rootBlock, sizeBytes, epoch, noncePrefix: this.#noncePrefix, directory: encodeDirectory(this.#entries) };
  }

  #take(other: PackBuilder, { kind, id, offset, plainLength }: DirectoryEntry, sealed: Uint8Array): void {
    this.add(kind, id, other.#sealer.open(offset, sealed, other.#associatedData(kind, offset, id)), plainLength);
  }

  #seal(plain: Uint8Array, associatedData: Uint8Array): void {
    this.#reserve(this.#end + plain.length + sealOverhead);
    this.#sealer.sealInto(this.#end, plain, associatedData, this.#buffer.subarray(this.#end - this.#base));
    this.#end += plain.length + sealOverhead;
  }

  /** Of the first `length` bytes in the buffer. */
  #hashLeaves(length: number): void {
    const { primitives, blockHash = 'blake3' } = this.#options;
    for (let at = 0; at < length; at += limits.leafBytes)
      this.#leafDigests.push(hashBlock(primitives, blockHash, this.#buffer.subarray(at, Math.min(length, at + limits.leafBytes))));
  }

  /** Room for the pack's bytes up to offset `end`. */
  #reserve(end: number): void {
    const needed = end - this.#base;
    if (needed <= this.#buffer.length) return;
    const grown = new Uint8Array(Math.max(needed, Math.min(this.#buffer.length * 2, limits.packBytes)));
    grown.set(this.#buffer.subarray(0, this.#end - this.#base));
    this.#buffer = grown;
  }
}
