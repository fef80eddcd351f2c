import type { Primitives, Sealer, VaultKeys } from '#libs/crypto';
import type { RandomSource, VaultId } from '#libs/kernel';
import { associatedDataFor } from '../chunk/associated-data.ts';
import type { ChunkKind } from '../chunk/chunk-kind.ts';
import { toStored } from '../chunk/stored-form.ts';
import { VaultError } from '../errors.ts';
import { limits, sealOverhead } from '../limits.ts';
import type { PackKind, SealedPack } from '../ports.ts';
import { packDag } from './pack-dag.ts';
import { type DirectoryEntry, directorySize, encodeDirectory, plainLimit } from './pack-directory.ts';
import { type BlockHash } from './pack-id.ts';
import { encodePackHeader, packHeaderBytes, packTrailerBytes } from './pack-layout.ts';
import { padme } from './padme.ts';

/** A pack as its writer knows it. Plain data: survives structured cloning and transfer between threads. */
export interface WrittenPack extends SealedPack {
  readonly sizeBytes: number;
  readonly epoch: number;
  readonly noncePrefix: Uint8Array;
  /** The plain directory; see {@link readDirectory} and `ChunkIndex.insertDirectory`. */
  readonly directory: Uint8Array;
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
 * One open pack. Chunks are kept in their stored form and sealed when the pack is finished, so that the tail of another
 * pack can still be merged in. Memory: the bytes of the pack, in one buffer that doubles as it grows.
 */
export class PackBuilder {
  readonly #options: PackBuilderOptions;
  #buffer: Uint8Array;
  #end = packHeaderBytes;
  #entries: DirectoryEntry[] = [];

  /** `initialBytes`: what is taken at once, where it is known that the pack will fill. */
  constructor(options: PackBuilderOptions, initialBytes = 64 * 1024) {
    this.#options = options;
    this.#buffer = new Uint8Array(initialBytes);
  }

  get chunkCount(): number {
    return this.#entries.length;
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

  /** Takes a copy of `stored`. Throws `limit_exceeded` when the chunk or the pack would become too large. */
  add(kind: ChunkKind, id: Uint8Array, stored: Uint8Array, plainLength: number): void {
    if (plainLength > plainLimit(kind))
      throw new VaultError('limit_exceeded', `a ${kind} chunk of ${plainLength} bytes is over the limit of ${plainLimit(kind)}`);
    if (this.#entries.length >= limits.chunksPerPack || this.sizeWith(stored.length, 1) > limits.packBytes) {
      throw new VaultError('limit_exceeded', `the pack would exceed ${limits.packBytes} bytes or ${limits.chunksPerPack} chunks`);
    }
    this.#reserve(this.#end + stored.length + sealOverhead);
    this.#buffer.set(stored, this.#end);
    const sealedLength = stored.length + sealOverhead;
    this.#entries.push({ kind, id: id.slice(), offset: this.#end, sealedLength, plainLength });
    this.#end += sealedLength;
  }

  /** Moves everything from `other` in here; `other` is empty afterwards. */
  merge(other: PackBuilder): void {
    for (const { kind, id, offset, sealedLength, plainLength } of other.#entries) {
      this.add(kind, id, other.#buffer.subarray(offset, offset + sealedLength - sealOverhead), plainLength);
    }
    other.#entries = [];
    other.#end = packHeaderBytes;
  }

  /** Seals, pads and hashes. The builder can't be used afterwards: its buffer is the pack. */
  finish(): WrittenPack {
    const { primitives, random, vaultId, keys, epoch, kind } = this.#options;
    const noncePrefix = random.bytes(16);
    const sealer = primitives.sealer(keys[kind], noncePrefix);
    const associatedData = associatedDataFor(vaultId);
    const directory = encodeDirectory(this.#entries);
    const sizeBytes = this.sizeWith(0, 0);
    this.#reserve(sizeBytes);
    const buffer = this.#buffer;

    buffer.set(encodePackHeader({ kind, vaultId, epoch, noncePrefix }));
    for (const entry of this.#entries) {
      const stored = buffer.subarray(entry.offset, entry.offset + entry.sealedLength - sealOverhead);
      buffer.set(sealer.seal(entry.offset, stored, associatedData(entry.kind, entry.offset, entry.id)), entry.offset);
    }
    const directoryOffset = this.#end;
    const directoryEnd = sealAt(buffer, sealer, directoryOffset, directory, associatedData('directory', directoryOffset));
    const trailerOffset = sizeBytes - packTrailerBytes;
    if (trailerOffset > directoryEnd) buffer.set(random.bytes(trailerOffset - directoryEnd), directoryEnd);
    const place = new Uint8Array(8);
    new DataView(place.buffer).setUint32(0, directoryOffset, true);
    new DataView(place.buffer).setUint32(4, directoryEnd - directoryOffset, true);
    sealAt(buffer, sealer, trailerOffset, place, associatedData('trailer', trailerOffset));

    // A small pack must not keep a buffer of twice its size alive.
    const bytes = buffer.length > sizeBytes * 1.25 ? buffer.slice(0, sizeBytes) : buffer.subarray(0, sizeBytes);
    this.#buffer = new Uint8Array(0);
    const { packId, rootBlock } = packDag(primitives, bytes, this.#options.blockHash);
    return { packId, kind, bytes, rootBlock, sizeBytes, epoch, noncePrefix, directory };
  }

  #reserve(needed: number): void {
    if (needed <= this.#buffer.length) return;
    const grown = new Uint8Array(Math.max(needed, Math.min(this.#buffer.length * 2, limits.packBytes)));
    grown.set(this.#buffer.subarray(0, this.#end));
    this.#buffer = grown;
  }
}

function sealAt(buffer: Uint8Array, sealer: Sealer, offset: number, plaintext: Uint8Array, associatedData: Uint8Array): number {
  const sealed = sealer.seal(offset, plaintext, associatedData);
  buffer.set(sealed, offset);
  return offset + sealed.length;
}
