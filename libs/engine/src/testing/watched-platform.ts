import { currentPlatform, type Platform } from '../platform/index.ts';
import { changedFile } from './changed-file.ts';

/** The real platform with a hook on every open and read of a file, to count them or to interfere. */
export function watchedPlatform(hooks: {
  onOpen?: (path: string) => void;
  afterRead?: (path: string, position: number) => void;
}): Platform {
  const real = currentPlatform();
  return {
    ...real,
    openToRead(path) {
      hooks.onOpen?.(path.toString());
      const file = real.openToRead(path);
      return changedFile(file, {
        read(into, position) {
          const count = file.read(into, position);
          hooks.afterRead?.(path.toString(), position);
          return count;
        },
      });
    },
  };
}
