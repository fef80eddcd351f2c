/**
 * Vault: format version 1 of a device's encrypted history, as `docs/spec/vault-format.md` says it. Chunker, packs,
 * index, trees, snapshot records, head, header with its key slots, and the reader.
 *
 * Runs in Node and in browsers. No I/O of its own: bytes come from {@link BlockSource}s and go to {@link PackStore}s.
 * Await `cryptoReady()` of `#libs/crypto` before anything else.
 *
 * Writing: {@link createChunker} → {@link createChunkIds} → {@link PackWriter} (data), {@link ContentWriter} and
 * {@link TreeWriter} (meta) → {@link encodeFragments} and {@link encodeSnapshotRecord} → {@link sealPack} (index) →
 * {@link encodeHead}. Reading:
 *
 * ```ts
 * import { VaultReader, VerifiedBlocks, decodeHeader, unlockHeader } from '#libs/vault';
 * const masterKey = await unlockHeader(primitives, decodeHeader(headerBytes), { passphrase });
 * const blocks = new VerifiedBlocks({ primitives, sources: [store, holder] });
 * const reader = await VaultReader.open({ primitives, masterKey, headerBytes, headBytes, blocks });
 * const snapshot = await reader.snapshot('latest');
 * const entry = await reader.entry(snapshot, '/home/ann/notes.txt');
 * for await (const bytes of reader.readFile(entry)) write(bytes);
 * ```
 */
export * from './chunk/chunk-id.ts';
export * from './chunk/chunk-kind.ts';
export * from './chunk/chunker.ts';
export { looksCompressible } from './chunk/probe.ts';
export { isStoredRaw, toStored } from './chunk/stored-form.ts';
export * from './chunk-index/chunk-index.ts';
export { encodeFragments, fragmentEntryBytes, mergeFragment } from './chunk-index/fragment.ts';
export { type CachedIndex, type IndexCacheFile, readIndexCache } from './chunk-index/index-cache.ts';
export * from './chunk-index/pack-bitmap.ts';
export * from './chunk-index/pack-table.ts';
export * from './errors.ts';
export * from './head/head-codec.ts';
export * from './head/head-succession.ts';
export * from './head/vault-head.ts';
export { decodeHeader, encodeHeader } from './header/header-codec.ts';
export * from './header/header-succession.ts';
export * from './header/key-slots.ts';
export * from './header/vault-header.ts';
export * from './limits.ts';
export * from './pack/pack-builder.ts';
export * from './pack/pack-dag.ts';
export { type DirectoryEntry, readDirectory } from './pack/pack-directory.ts';
export * from './pack/pack-id.ts';
export * from './pack/pack-layout.ts';
export * from './pack/pack-spool.ts';
export * from './pack/pack-writer.ts';
export * from './pack/spooled-pack-writer.ts';
export * from './pack/padme.ts';
export { leafCount, leafSize } from './pack/unixfs-root.ts';
export * from './ports.ts';
export { abortable } from './read/abortable.ts';
export { ChunkOpener, type ChunkPlace, type OpenablePack, type OpenerSeed } from './read/chunk-opener.ts';
export type { LocatedChunk, ReadChunk } from './read/chunk-reader.ts';
export { type FileChunk, type FilePiece, type FileRange, idsIn } from './read/file-reader.ts';
export * from './read/file-segments.ts';
export * from './read/load-index.ts';
export * from './read/lost-content.ts';
export * from './read/open-pack.ts';
export * from './read/pack-runs.ts';
export * from './read/rebuild-index.ts';
export * from './read/salvage-index.ts';
export { isFolderAbove, pathNames, printablePath, type SnapshotPath } from './read/snapshot-path.ts';
export type { ReadTreeOptions, StoredPart } from './read/tree-reader.ts';
export * from './read/vault-reader.ts';
export * from './read/verified-blocks.ts';
export { decodeSnapshotRecord, encodeSnapshotRecord, splitPath } from './snapshot/record-codec.ts';
export * from './snapshot/snapshot-record.ts';
export * from './tree/content-writer.ts';
export { entryProblem } from './tree/entry-check.ts';
export { assertSafeName, nameProblem, printableName, windowsNameProblem } from './tree/safe-name.ts';
export { StoredEntries, type FileStamp } from './tree/stored-entries.ts';
export { decodeTree, encodeTreeEntries, encodeTreeParts, type TreeChunk, type TreePart } from './tree/tree-codec.ts';
export * from './tree/tree-entry.ts';
export * from './tree/tree-writer.ts';
