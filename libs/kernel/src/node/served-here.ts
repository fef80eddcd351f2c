import { realpathSync } from 'node:fs';
import { basename, resolve } from 'node:path';
import { followLinks } from './follow-links.ts';

/** Real paths (bytes as latin1) in which this very process answers what the kernel is asked. Only Linux has any. */
const served = new Set<string>();

/**
 * Says that this process itself serves a file system there, from before it is mounted until the returned function is called. Whoever looks into it from this
 * process waits for itself: for ever, and can't even be killed.
 */
export function serveHere(folder: string): () => void {
  const path = bytesOf(realPathOf(folder));
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
  return served.size > 0 && leadsIn(bytesOf(resolve(path)));
}

/** The same of one name in a folder (absolute): costs next to nothing for names that nothing served has. */
export function isEntryServedHere(folder: Buffer, name: Buffer): boolean {
  if (served.size === 0) return false;
  const text = name.toString('latin1');
  for (const one of served) if (basename(one) === text) return leadsIn(`${folder.toString('latin1')}/${text}`);
  return false;
}

/** Whether this process serves exactly what is mounted there (real path as latin1), or a path by its words alone is in what it serves. Looks at nothing. */
export function isServedAt(point: string, path: string): boolean {
  const words = bytesOf(resolve(path));
  return [point, words].some((one) => served.has(one)) || [...served].some((folder) => words.startsWith(`${folder}/`));
}

const leadsIn = (path: string): boolean => followLinks(path, (place) => served.has(place)).stopped;
const bytesOf = (path: string): string => Buffer.from(path).toString('latin1');
