/**
 * Vault: format version 1 of a device's encrypted history, as `docs/spec/vault-format.md` says it. Chunker, packs,
 * index, trees, snapshot records, head, header with its key slots, and the reader.
 *
 * Runs in Node and in browsers. No I/O of its own: bytes come from {@link BlockSource}s and go to {@link PackStore}s.
 */
export * from './chunk/chunk-kind.ts';
export * from './chunk-index/pack-table.ts';
export * from './draft.ts';
export * from './errors.ts';
export * from './head/vault-head.ts';
export * from './limits.ts';
export * from './pack/pack-id.ts';
export * from './pack/padme.ts';
export * from './ports.ts';
export * from './snapshot/snapshot-record.ts';
export * from './tree/tree-entry.ts';
