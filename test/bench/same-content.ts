import { createHash } from 'node:crypto';
import { existsSync, readFileSync, readdirSync, statSync } from 'node:fs';
import { basename, join, relative } from 'node:path';

/** Throws unless everything in `data` stands with the same bytes below `target`: at its absolute path or right in it. */
export function assertRestored(data: string, target: string, tool: string): void {
  const deep = join(target, data);
  const restored = existsSync(deep) ? deep : target;
  const [wanted, got] = [digests(data), digests(restored)];
  for (const [path, digest] of wanted) if (got.get(path) !== digest) throw new Error(`${tool} did not restore ${path} as it was`);
  if (got.size !== wanted.size) throw new Error(`${tool} restored ${got.size} files of ${wanted.size}`);
}

export function assertRestoredFile(file: string, target: string, tool: string): void {
  const found = readdirSync(target, { recursive: true, encoding: 'utf8' }).filter((name) => basename(name) === basename(file));
  if (found.length !== 1 || !readFileSync(join(target, found[0]!)).equals(readFileSync(file)))
    throw new Error(`${tool} did not restore ${file} as it was`);
}

/** Sum of the sizes of all files below a folder, in MiB. */
export function sizeMiB(folder: string): number {
  const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  return files.reduce((sum, entry) => sum + statSync(join(entry.parentPath, entry.name)).size, 0) / 2 ** 20;
}

function digests(folder: string): Map<string, string> {
  const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  return new Map(
    files.map((entry) => {
      const path = join(entry.parentPath, entry.name);
      return [relative(folder, path), createHash('sha1').update(readFileSync(path)).digest('hex')];
    }),
  );
}
