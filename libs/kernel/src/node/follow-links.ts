import { lstatSync, readlinkSync } from 'node:fs';

/** As often as Linux follows links in one path. */
const maxLinks = 40;

/** How far a path was followed. */
export interface Followed {
  /** Links followed, down to where it was stopped, or all of the path. What is not there stays as it was written. */
  readonly path: string;
  readonly stopped: boolean;
}

/**
 * Follows an absolute path by whatever links, and stops at the first place of which `stopsAt` says so, before anything looks at it: asking a file system that
 * does not answer would be waited for without end. Paths are their bytes as latin1.
 */
export function followLinks(path: string, stopsAt: (place: string) => boolean): Followed {
  let left = partsOf(path);
  let at = '';
  for (let links = 0; left.length > 0;) {
    const [name, ...rest] = left;
    if (name === '..') {
      at = at.slice(0, Math.max(0, at.lastIndexOf('/')));
      left = rest;
      continue;
    }
    const next = `${at}/${name}`;
    if (stopsAt(next)) return { path: next, stopped: true };
    const target = linkTarget(next);
    if (target === undefined || links === maxLinks) {
      at = next;
      left = rest;
      continue;
    }
    links += 1;
    if (target.startsWith('/')) at = '';
    left = [...partsOf(target), ...rest];
  }
  return { path: at === '' ? '/' : at, stopped: false };
}

const partsOf = (path: string): string[] => path.split('/').filter((part) => part !== '' && part !== '.');

/** Undefined for all that is no link, and what can't be looked at, below which there is nothing to follow. */
function linkTarget(path: string): string | undefined {
  const bytes = Buffer.from(path, 'latin1');
  try {
    return lstatSync(bytes).isSymbolicLink() ? readlinkSync(bytes, 'latin1') : undefined;
  } catch {
    return undefined;
  }
}
