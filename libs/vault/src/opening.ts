/**
 * What a thread needs that only opens chunks and writes them to files: the reading half of {@link file://./index.ts} without indexes, trees and the
 * schemas below them, which would cost each thread more to load than a small restore takes.
 */
export * from './errors.ts';
export { idBytes } from './limits.ts';
export * from './read/chunk-opener.ts';
export * from './read/file-segments.ts';
export * from './read/open-room.ts';
