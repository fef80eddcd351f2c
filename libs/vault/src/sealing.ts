/**
 * What a thread needs that only cuts, seals and packs chunks: the writing half of {@link file://./index.ts} without readers, trees and the schemas below
 * them. Importing all of the lib costs a thread some 0.2 s of processor time and 15 MB; this costs next to nothing.
 */
export * from './chunk/chunk-id.ts';
export * from './chunk/chunker.ts';
export * from './errors.ts';
export type { VaultParameters } from './header/vault-header.ts';
export * from './limits.ts';
export * from './pack/pack-builder.ts';
export * from './pack/pack-spool.ts';
export * from './pack/pack-writer.ts';
export * from './pack/spooled-pack-writer.ts';
export type * from './ports.ts';
