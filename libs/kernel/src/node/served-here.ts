import { lstatSync, readlinkSync, realpathSync } from 'node:fs';
import { basename, join, resolve, sep } from 'node:path';

/** As often as Linux follows links in one path. */
const maxLinks = 40;

/** Real paths in which this very process answers what the kernel is asked. */
const served = new Set<string>();

/**
 * Says that this process itself serves a file system there, from before it is mounted until the returned function is called. Whoever looks into it from this
 * process waits for itself: for ever, and can't even be killed.
 */
export function serveHere(folder: string): () => void {
  const path = realPathOf(folder);
  served.add(path);
  return () => void served.delete(path);
}

function realPathOf(folder: string): string {
  try {
    return realpathSync(folder);
  } catch {
    // Not there: then nothing can be served there either.
    return resolve(folder);
  }
}

/** Whether a path leads into what this process serves, by whatever links. Looks at everything but that; what can't be looked at leads nowhere. */
export function isServedHere(path: string): boolean {
  if (served.size === 0) return false;
  let left = resolve(path).split(sep).filter(Boolean);
  let at: string = sep;
  for (let links = 0; left.length > 0;) {
    const [name, ...rest] = left;
    const next = name === '..' ? join(at, '..') : join(at, name!);
    if (served.has(next)) return true;
    let target: string | undefined;
    try {
      if (lstatSync(next).isSymbolicLink()) target = readlinkSync(next);
    } catch {
      return false;
    }
    if (target === undefined) {
      at = next;
      left = rest;
      continue;
    }
    links += 1;
    if (links > maxLinks) return false;
    if (target.startsWith(sep)) at = sep;
    left = [...target.split(sep).filter((part) => part !== '' && part !== '.'), ...rest];
  }
  return false;
}

/** The same of one name in a folder: costs next to nothing for names that nothing served has. */
export function isEntryServedHere(folder: Buffer, name: Buffer): boolean {
  if (served.size === 0) return false;
  const text = name.toString();
  for (const one of served) if (basename(one) === text) return isServedHere(join(folder.toString(), text));
  return false;
}

/** Whether this process serves exactly what is mounted there (real path as latin1), or a path by its words alone is in what it serves. Looks at nothing. */
export function isServedAt(point: string, path: string): boolean {
  const words = resolve(path);
  return (
    [Buffer.from(point, 'latin1').toString(), words].some((one) => served.has(one)) ||
    [...served].some((folder) => words.startsWith(folder + sep))
  );
}
