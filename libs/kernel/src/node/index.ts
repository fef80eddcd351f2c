/**
 * The kernel's Node half: durable state on disk as a port, and its real implementation.
 *
 * ```ts
 * import { nodeFiles } from '#libs/kernel/node';
 * await nodeFiles.replace('/home/ada/.local/share/holdfast/head', bytes);
 * ```
 *
 * Not for the user's own files: those are read and written by the engine through its platform port, names as bytes.
 */
export * from './durable-files.ts';
export { nodeFiles, translateFileError } from './node-files.ts';
