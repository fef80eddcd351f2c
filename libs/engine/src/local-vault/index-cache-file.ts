import { isAppError } from '#libs/kernel';
import type { DurableFiles } from '#libs/kernel/node';
import type { IndexCacheFile } from '#libs/vault';

/** The loaded index of the owner's vault in a file beside it. A file that can't be opened counts as none. */
export function indexCacheFile(files: DurableFiles, path: string): IndexCacheFile {
  return {
    async open() {
      try {
        return await files.open(path);
      } catch (error) {
        if (isAppError(error)) return undefined;
        throw error;
      }
    },
    replace: (parts) => files.replace(path, ...parts),
  };
}
