import { homedir } from 'node:os';
import { isAbsolute, join, resolve } from 'node:path';

/**
 * The folders that a scheduled backup takes: the policy's and those given at join, each once, in that order.
 * `~` is the home folder of the user that the agent runs as. A relative path in a policy has no place here and is left out.
 */
export function backupFolders(policyFolders: readonly string[], ownFolders: readonly string[], home: string = homedir()): string[] {
  const folders = [...policyFolders, ...ownFolders].map((folder) =>
    folder === '~' ? home : /^~[/\\]/.test(folder) ? join(home, folder.slice(2)) : folder,
  );
  return [...new Set(folders.filter((folder) => isAbsolute(folder)).map((folder) => resolve(folder)))];
}
