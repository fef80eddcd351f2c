/**
 * The kernel's Node half: durable state on disk as a port, its real implementation, and the lock of a data folder.
 *
 * ```ts
 * import { nodeFiles } from '#libs/kernel/node';
 * await nodeFiles.replace('/home/ada/.local/share/holdfast/head', bytes);
 * ```
 *
 * Not for the user's own files: those are read and written by the engine through its platform port, names as bytes.
 */
export * from './durable-files.ts';
export { FolderLock, lockHolder, type LockHolder } from './folder-lock.ts';
export { nodeFiles, translateFileError } from './node-files.ts';
export { pageAligned } from './page-aligned.ts';
