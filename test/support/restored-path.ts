import { join } from 'node:path';
import { currentPlatform } from '#libs/engine';

/** Where a restore to `target` puts what stood at `path`. */
export function restoredPath(target: string, path: string): string {
  const platform = currentPlatform();
  return join(target, ...platform.split(platform.absolute(path)).map((part) => part.toString()));
}
