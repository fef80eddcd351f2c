/** Signatures of what is being written; each moves to its own file. */
import type { Primitives } from '#libs/crypto';
import type { PackId, RandomSource, VaultId } from '#libs/kernel';
import type { ChunkKind } from './chunk/chunk-kind.ts';
import type { PackInfo } from './chunk-index/pack-table.ts';
import type { VaultHead } from './head/vault-head.ts';
import type { BlockSource, PackKind, ReadOptions, SealedPack } from './ports.ts';
import type { SnapshotRecord, SnapshotRoot } from './snapshot/snapshot-record.ts';
import type { DataRange, FileContent, TreeEntry } from './tree/tree-entry.ts';

// ---- header and key slots
export interface KeyPair { readonly publicKey: Uint8Array; readonly secretKey: Uint8Array }
export interface VaultParameters {
  readonly chunkMinBytes: number; readonly chunkAvgBytes: number; readonly chunkMaxBytes: number;
  readonly compressionLevel: number; readonly dataPackBytes: number; readonly metaPackBytes: number; readonly blockHash: 'blake3' | 'sha256';
}
export declare const defaultParameters: VaultParameters;
export type SlotKind = 'passphrase' | 'recovery' | 'device';
export interface KeySlot { readonly slotId: string; readonly kind: SlotKind; readonly label: string; readonly createdAtMs: number; readonly publicKey: Uint8Array | undefined; readonly box: Uint8Array }
export interface VaultHeader {
  readonly vaultId: VaultId; readonly sequence: number; readonly signingPublicKey: Uint8Array; readonly epoch: number;
  readonly parameters: VaultParameters; readonly slots: readonly KeySlot[]; readonly binding: Uint8Array;
}
export type NewSlot =
  | { readonly kind: 'passphrase'; readonly passphrase: string; readonly label: string }
  | { readonly kind: 'recovery' | 'device'; readonly publicKey: Uint8Array; readonly label: string };
export type Unlock = { readonly passphrase: string } | { readonly recoveryKeyPair: KeyPair } | { readonly boxKeyPair: KeyPair };
export interface CreateVaultOptions {
  readonly primitives: Primitives; readonly random: RandomSource; readonly nowMs: number; readonly masterKey: Uint8Array; readonly signingKeyPair: KeyPair;
  readonly slots: readonly NewSlot[]; readonly parameters?: Partial<VaultParameters>;
}
export declare function createVault(options: CreateVaultOptions): Promise<{ readonly headerBytes: Uint8Array; readonly vaultId: VaultId }>;
/** Checks the signature with the key that the header names; whether that key is the owner's is checked by unlockHeader. */
export declare function decodeHeader(headerBytes: Uint8Array): VaultHeader;
export declare function unlockHeader(primitives: Primitives, header: VaultHeader, unlock: Unlock): Promise<Uint8Array>;
export interface HeaderChange { readonly primitives: Primitives; readonly random: RandomSource; readonly nowMs: number; readonly headerBytes: Uint8Array; readonly masterKey: Uint8Array; readonly signingKeyPair: KeyPair }
export declare function addSlot(change: HeaderChange, slot: NewSlot): Promise<Uint8Array>;
export declare function removeSlot(change: HeaderChange, slotId: string): Promise<Uint8Array>;

// ---- chunks
export interface ChunkerParameters { readonly minBytes: number; readonly avgBytes: number; readonly maxBytes: number }
export interface Chunker {
  readonly parameters: ChunkerParameters;
  /** End (exclusive) of the chunk that starts at `start`, or -1 when more bytes than `end` are needed. No state: call again with the same start and more bytes. */
  nextCut(buffer: Uint8Array, start: number, end: number, final: boolean): number;
}
export declare function createChunker(primitives: Primitives, gearKey: Uint8Array, parameters: ChunkerParameters): Chunker;
/** Ids are per kind, so a file that holds a tree's bytes is not that tree. */
export interface ChunkIds { of(kind: ChunkKind, plaintext: Uint8Array): Uint8Array }
export declare function createChunkIds(primitives: Primitives, chunkIdKey: Uint8Array): ChunkIds;

// ---- packs
/** A pack as its writer knows it: `directory` is the plain directory (see {@link readDirectory}); survives structured cloning and transfer. */
export interface WrittenPack extends SealedPack { readonly sizeBytes: number; readonly epoch: number; readonly noncePrefix: Uint8Array; readonly directory: Uint8Array }
export interface DirectoryEntry { readonly kind: ChunkKind; readonly id: Uint8Array; readonly offset: number; readonly sealedLength: number; readonly plainLength: number }
export declare function readDirectory(directory: Uint8Array): Generator<DirectoryEntry>;
export interface PackWriterOptions {
  readonly primitives: Primitives; readonly random: RandomSource; readonly vaultId: VaultId; readonly masterKey: Uint8Array; readonly epoch: number;
  readonly kind: PackKind; readonly parameters: VaultParameters; readonly openPacks?: number;
}
/** Compresses, seals and packs chunks; synchronous. Memory: `openPacks` times the target size. */
export declare class PackWriter {
  constructor(options: PackWriterOptions);
  /** Bytes in open packs. */
  get pendingBytes(): number;
  /** Packs that became full by this chunk (none or one). The caller has looked the id up before. */
  add(kind: ChunkKind, id: Uint8Array, plaintext: Uint8Array): WrittenPack[];
  /** Closes what is open: small tails merged into as few packs as they need. */
  flush(): WrittenPack[];
}
export declare function packDag(primitives: Pick<Primitives, 'blake3' | 'sha256'>, bytes: Uint8Array, hash?: 'blake3' | 'sha256'): { readonly packId: PackId; readonly rootBlock: Uint8Array; readonly leafDigests: Uint8Array[] };
/** Root block → pack size and leaf digests, checked against the pack id. */
export declare function openRootBlock(primitives: Pick<Primitives, 'blake3' | 'sha256'>, packId: PackId, rootBlock: Uint8Array): { readonly sizeBytes: number; readonly leafCount: number; verifyLeaf(leaf: number, bytes: Uint8Array): boolean };

// ---- index
export interface ChunkLocation { readonly ordinal: number; readonly offset: number; readonly sealedLength: number; readonly plainLength: number }
export declare class PackTable {
  add(pack: PackInfo): void;
  get(ordinal: number): PackInfo | undefined;
  ordinalOf(packId: PackId): number | undefined;
  delete(ordinal: number): void;
  values(): IterableIterator<PackInfo>;
  get size(): number;
}
export declare class ChunkIndex {
  constructor(expectedChunks?: number);
  get size(): number;
  get byteLength(): number;
  has(id: Uint8Array): boolean;
  lookup(id: Uint8Array): ChunkLocation | undefined;
  /** Replaces what was there; true when the id is new. */
  insert(id: Uint8Array, ordinal: number, offset: number, sealedLength: number, plainLength: number): boolean;
  /** Everything in a pack's plain directory but records and fragments. */
  insertDirectory(ordinal: number, directory: Uint8Array): void;
  entries(): Generator<ChunkLocation & { readonly id: Uint8Array }>;
}
/** What is new since the last session, ready for an index pack: one or more fragment plaintexts. */
export declare function encodeFragments(packs: readonly PackInfo[], chunks: Iterable<ChunkLocation & { readonly id: Uint8Array }>): Uint8Array[];
export declare function mergeFragment(fragment: Uint8Array, packs: PackTable, index: ChunkIndex): void;
export declare class PackBitmap {
  static fromBytes(bytes: Uint8Array): PackBitmap;
  set(ordinal: number): void;
  has(ordinal: number): boolean;
  get count(): number;
  ordinals(): Generator<number>;
  toBytes(): Uint8Array;
}

// ---- trees and files
/** Stores a plaintext under its id unless it is known, and returns the id. What TreeWriter and ChunkListWriter need of the engine. */
export type StoreChunk = (kind: 'tree' | 'chunkList', plaintext: Uint8Array) => Promise<Uint8Array>;
/** Feed entries in ascending order of name bytes; memory: one part (at most 1 MiB and one entry) and the parts' first names. */
export declare class TreeWriter {
  constructor(options: { readonly primitives: Primitives; readonly gearKey: Uint8Array; readonly store: StoreChunk });
  add(entry: TreeEntry): Promise<void>;
  /** Id of the finished directory. */
  finish(): Promise<Uint8Array>;
}
/** Collects a file's chunk ids; inline up to 1,000, chunk lists beyond. Memory: 1 MiB a level. */
export declare class ContentWriter {
  constructor(store: StoreChunk);
  add(chunkId: Uint8Array): Promise<void>;
  /** undefined when there was no chunk. */
  finish(): Promise<FileContent | undefined>;
}
/** Throws unsafe_name for '', '.', '..', a NUL or a '/'. */
export declare function assertSafeName(name: Uint8Array): void;
/** Why Windows can't have this name, or undefined. */
export declare function windowsNameProblem(name: Uint8Array): string | undefined;

// ---- snapshot record and head
export declare function encodeSnapshotRecord(record: SnapshotRecord, signingKeyPair: KeyPair): Promise<Uint8Array>;
export declare function decodeSnapshotRecord(plaintext: Uint8Array, signingPublicKey: Uint8Array): Promise<SnapshotRecord>;
export declare function encodeHead(head: VaultHead, signingKeyPair: KeyPair): Promise<Uint8Array>;
export declare function decodeHead(headBytes: Uint8Array, signingPublicKey: Uint8Array): Promise<VaultHead>;
/** `forked`: same sequence, different bytes; `older`: a rollback when it is what you are offered. */
export declare function compareHeads(known: VaultHead, offered: VaultHead): 'same' | 'newer' | 'older' | 'forked';
export declare function livePackDigest(primitives: Pick<Primitives, 'blake3'>, packIds: Iterable<PackId>): { readonly count: number; readonly digest: Uint8Array };

// ---- reading
export interface BlockRejected { readonly packId: PackId; /** -1: the root block. */ readonly leaf: number; readonly source: string; readonly reason: string }
export interface VerifiedBlocksOptions { readonly primitives: Primitives; readonly sources: readonly BlockSource[]; readonly onRejected?: (rejected: BlockRejected) => void; readonly cacheLeaves?: number }
export declare class VerifiedBlocks implements BlockSource {
  constructor(options: VerifiedBlocksOptions);
  readonly name: string;
  rootBlock(packId: PackId, options?: ReadOptions): Promise<Uint8Array>;
  leaves(packId: PackId, first: number, count: number, options?: ReadOptions): AsyncIterable<Uint8Array>;
  sizeOf(packId: PackId, options?: ReadOptions): Promise<number>;
  readRange(packId: PackId, offset: number, length: number, options?: ReadOptions): Promise<Uint8Array>;
}
export interface OpenVaultOptions {
  readonly primitives: Primitives; readonly masterKey: Uint8Array; readonly headerBytes: Uint8Array; readonly headBytes: Uint8Array; readonly blocks: VerifiedBlocks;
  /** The owner's device key where it is known from elsewhere (roster); a header signed by another key is refused. */
  readonly expectedSigningKey?: Uint8Array; readonly signal?: AbortSignal;
}
export interface Snapshot extends SnapshotRecord { readonly recordId: Uint8Array }
export type FilePiece = { readonly offset: number; readonly bytes: Uint8Array } | { readonly offset: number; readonly hole: number };
export interface FileChunk extends ChunkLocation { readonly id: Uint8Array; /** Place in the file. */ readonly fileOffset: number }
export interface WalkedEntry { /** Path below the root, names as bytes. */ readonly path: readonly Uint8Array[]; readonly root: SnapshotRoot; readonly entry: TreeEntry }
export declare class VaultReader {
  static open(options: OpenVaultOptions): Promise<VaultReader>;
  readonly header: VaultHeader;
  readonly head: VaultHead;
  readonly index: ChunkIndex;
  readonly packs: PackTable;
  snapshots(options?: ReadOptions): AsyncIterable<Snapshot>;
  snapshot(sequence: number | 'latest', options?: ReadOptions): Promise<Snapshot>;
  /** Children of a path: '/'-separated absolute UTF-8 text, or names as bytes. '/' lists the roots' common ancestors. */
  list(snapshot: Snapshot, path: string | readonly Uint8Array[], options?: ReadOptions): AsyncIterable<TreeEntry>;
  entry(snapshot: Snapshot, path: string | readonly Uint8Array[], options?: ReadOptions): Promise<TreeEntry>;
  walk(snapshot: Snapshot, path?: string | readonly Uint8Array[], options?: ReadOptions): AsyncIterable<WalkedEntry>;
  readTree(treeId: Uint8Array, options?: ReadOptions): AsyncIterable<TreeEntry>;
  /** Bytes of a file with its holes as zeros. */
  readFile(entry: TreeEntry, options?: ReadOptions & { readonly offset?: number; readonly length?: number }): AsyncIterable<Uint8Array>;
  /** The same with holes marked. */
  readPieces(entry: TreeEntry, options?: ReadOptions & { readonly offset?: number; readonly length?: number }): AsyncIterable<FilePiece>;
  chunksOf(entry: TreeEntry, options?: ReadOptions): AsyncIterable<FileChunk>;
  locate(id: Uint8Array): ChunkLocation | undefined;
  readChunk(kind: ChunkKind, id: Uint8Array, options?: ReadOptions): Promise<Uint8Array>;
  /** Several chunks of one pack in offset order with near ranges merged. */
  readChunks(kind: ChunkKind, chunks: readonly { readonly id: Uint8Array }[], options?: ReadOptions): AsyncIterable<{ readonly id: Uint8Array; readonly plaintext: Uint8Array }>;
  neededPacks(snapshot: Snapshot, options?: ReadOptions): Promise<PackBitmap>;
}
export declare function rebuildIndex(options: { readonly primitives: Primitives; readonly masterKey: Uint8Array; readonly vaultId: VaultId; readonly packs: Iterable<{ readonly packId: PackId; readonly ordinal: number }>; readonly blocks: VerifiedBlocks; readonly signal?: AbortSignal }): Promise<{ readonly packs: PackTable; readonly index: ChunkIndex; readonly records: readonly { readonly packId: PackId; readonly entry: DirectoryEntry }[] }>;
export type { DataRange };
