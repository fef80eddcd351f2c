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
import type { MemoryBytes, PackBytes } from './pack-bytes.ts';
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
 * Of the fast level the chunks of small files get a better one: 4 % smaller for a quarter more time of zstd, which is a sixth of what a small file takes.
 * For large chunks, where zstd is most of the work, level 3 costs a quarter of the whole backup.
 */
const smallChunkLevel = 3;
const smallChunkBytes = 32 * 1024;

/**
 * One open pack. Chunks are sealed as they come, straight to where its bytes stand. What seals says, as {@link PackBytes.added} does, whether there is something
 * to wait for before the next call; over {@link MemoryBytes} there never is.
 */
export class PackBuilder<Bytes extends PackBytes> {
  readonly bytes: Bytes;
  readonly #options: PackBuilderOptions;
  readonly #noncePrefix: Uint8Array;
  readonly #sealer: Sealer;
  readonly #associatedData: ReturnType<typeof associatedDataFor>;
  readonly #entries: DirectoryEntry[] = [];

  constructor(options: PackBuilderOptions, newBytes: (header: Uint8Array) => Bytes) {
    const { primitives, random, vaultId, keys, epoch, kind } = options;
    this.#options = options;
    this.#noncePrefix = random.bytes(16);
    this.#sealer = primitives.sealer(keys[kind], this.#noncePrefix);
    this.#associatedData = associatedDataFor(vaultId);
    this.bytes = newBytes(encodePackHeader({ kind, vaultId, epoch, noncePrefix: this.#noncePrefix }));
  }

  get chunkCount(): number {
    return this.#entries.length;
  }

  /** The chunks so far, by offset. */
  get entries(): readonly DirectoryEntry[] {
    return this.#entries;
  }

  /** Size of the finished pack, padding included, if `stored` more bytes in `chunks` more chunks came in. */
  sizeWith(stored: number, chunks: number): number {
    return padme(
      this.bytes.length + stored + chunks * sealOverhead + directorySize(this.#entries.length + chunks) + sealOverhead + packTrailerBytes,
    );
  }

  /** Bytes of padding if the pack were finished now. */
  get padding(): number {
    return this.sizeWith(0, 0) - (this.bytes.length + directorySize(this.#entries.length) + sealOverhead + packTrailerBytes);
  }

  /** Size of the finished pack with everything of `other` in it. */
  sizeWithAll(other: PackBuilder<PackBytes>): number {
    return this.sizeWith(other.bytes.length - packHeaderBytes - other.chunkCount * sealOverhead, other.chunkCount);
  }

  /** Compresses a plaintext as this pack would store it. */
  toStored(plaintext: Uint8Array): Uint8Array {
    const { primitives, compressionLevel = 1 } = this.#options;
    return toStored(
      primitives,
      plaintext,
      compressionLevel === 1 && plaintext.length <= smallChunkBytes ? smallChunkLevel : compressionLevel,
    );
  }

  /** Seals `stored` into the pack. Throws `limit_exceeded` when the chunk or the pack would become too large. */
  add(kind: ChunkKind, id: Uint8Array, stored: Uint8Array, plainLength: number): ReturnType<Bytes['added']> {
    if (plainLength > plainLimit(kind))
      throw new VaultError('limit_exceeded', `a ${kind} chunk of ${plainLength} bytes is over the limit of ${plainLimit(kind)}`);
    if (this.#entries.length >= limits.chunksPerPack || this.sizeWith(stored.length, 1) > limits.packBytes) {
      throw new VaultError('limit_exceeded', `the pack would exceed ${limits.packBytes} bytes or ${limits.chunksPerPack} chunks`);
    }
    const offset = this.bytes.length;
    const sealedLength = stored.length + sealOverhead;
    this.#sealer.sealInto(offset, stored, this.#associatedData(kind, offset, id), this.bytes.room(sealedLength));
    this.#entries.push({ kind, id: id.slice(), offset, sealedLength, plainLength });
    return this.bytes.added() as ReturnType<Bytes['added']>;
  }

  /** Takes over a chunk of another pack: `sealed` as it stands there. */
  take(other: PackBuilder<PackBytes>, { kind, id, offset, plainLength }: DirectoryEntry, sealed: Uint8Array): ReturnType<Bytes['added']> {
    return this.add(kind, id, other.#sealer.open(offset, sealed, other.#associatedData(kind, offset, id)), plainLength);
  }

  /** Seals directory, padding and trailer: the last thing that comes in. */
  close(): ReturnType<Bytes['added']> {
    const directory = encodeDirectory(this.#entries);
    const directoryOffset = this.bytes.length;
    const trailerOffset = this.sizeWith(0, 0) - packTrailerBytes;
    const paddingOffset = directoryOffset + directory.length + sealOverhead;
    const end = this.bytes.room(trailerOffset + packTrailerBytes - directoryOffset);
    this.#sealer.sealInto(directoryOffset, directory, this.#associatedData('directory', directoryOffset), end);
    if (trailerOffset > paddingOffset) end.set(this.#options.random.bytes(trailerOffset - paddingOffset), paddingOffset - directoryOffset);
    const place = new Uint8Array(8);
    new DataView(place.buffer).setUint32(0, directoryOffset, true);
    new DataView(place.buffer).setUint32(4, paddingOffset - directoryOffset, true);
    const trailer = end.subarray(trailerOffset - directoryOffset);
    this.#sealer.sealInto(trailerOffset, place, this.#associatedData('trailer', trailerOffset), trailer);
    return this.bytes.added() as ReturnType<Bytes['added']>;
  }

  /** What there is to know of the closed pack, whose leaves have these hashes. */
  facts(leafDigests: readonly Uint8Array[]): PackFacts {
    const { primitives, kind, epoch, blockHash = 'blake3' } = this.#options;
    const sizeBytes = this.bytes.length;
    const { packId, rootBlock } = packDagOf(primitives, leafDigests, sizeBytes, blockHash);
    return { packId, kind, rootBlock, sizeBytes, epoch, noncePrefix: this.#noncePrefix, directory: encodeDirectory(this.#entries) };
  }
}

/** Ends a pack that was filled in memory. */
export function finishInMemory(pack: PackBuilder<MemoryBytes>, { primitives, blockHash = 'blake3' }: PackBuilderOptions): WrittenPack {
  pack.close();
  const bytes = pack.bytes.take();
  const digests: Uint8Array[] = [];
  for (let at = 0; at < bytes.length; at += limits.leafBytes)
    digests.push(hashBlock(primitives, blockHash, bytes.subarray(at, at + limits.leafBytes)));
  return { ...pack.facts(digests), bytes };
}
