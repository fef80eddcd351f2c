import { closeSync, constants, openSync } from 'node:fs';

/** Linux takes at most 4,096 bytes a path, with the NUL; folders nest deeper than that. */
const longestPath = 4095;
/** Room for `/proc/self/fd/2147483647/`. */
const step = longestPath - 32;
const slash = 0x2f;

/** Hands `call` a path that the system accepts: the same one, or one relative to folders opened on the way (`/proc/self/fd/n/rest`). */
export function reach<T>(path: Buffer, call: (path: Buffer) => T): T {
  if (path.length <= longestPath) return call(path);
  const { short, close } = shorten(path);
  try {
    return call(short);
  } finally {
    close();
  }
}

export async function reachLater<T>(path: Buffer, call: (path: Buffer) => Promise<T>): Promise<T> {
  if (path.length <= longestPath) return call(path);
  const { short, close } = shorten(path);
  try {
    return await call(short);
  } finally {
    close();
  }
}

function shorten(path: Buffer): { short: Buffer; close: () => void } {
  let rest = path;
  let fd: number | undefined;
  try {
    while (rest.length > step) {
      const cut = rest.lastIndexOf(slash, step);
      // A single name is at most 255 bytes, so there is always a slash to cut at.
      const next = openSync(rest.subarray(0, cut), constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW);
      if (fd !== undefined) closeSync(fd);
      fd = next;
      rest = Buffer.concat([Buffer.from(`/proc/self/fd/${fd}/`), rest.subarray(cut + 1)]);
    }
  } catch (error) {
    if (fd !== undefined) closeSync(fd);
    throw error;
  }
  return {
    short: rest,
    close: () => {
      if (fd !== undefined) closeSync(fd);
    },
  };
}
