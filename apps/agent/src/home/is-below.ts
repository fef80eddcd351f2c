import { isAbsolute, relative, sep } from 'node:path';

/** Whether a path is this folder or in it, by the names alone: links are followed by whoever asks. */
export function isBelow(path: string, folder: string): boolean {
  const way = relative(folder, path);
  return way !== '..' && !way.startsWith(`..${sep}`) && !isAbsolute(way);
}
