import { closeSync, openSync, readdirSync, readSync, statSync, writeSync } from 'node:fs';
import { basename, join } from 'node:path';
import type { PackId } from '#libs/kernel';

export interface PackFile {
  readonly packId: PackId;
  readonly path: string;
  readonly sizeBytes: number;
}

/** Packs in an agent's folder, as files: its own, or those that it holds for others; largest first. */
export function packFiles(home: string, whose: 'own' | 'held'): PackFile[] {
  const folder = join(home, 'packs', whose);
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.pack'))
    .flatMap((name) => {
      const path = join(folder, name);
      // Put in the place of another, or let go, since the folder was listed.
      const size = statSync(path, { throwIfNoEntry: false })?.size;
      return size === undefined ? [] : [{ packId: basename(name, '.pack') as PackId, path, sizeBytes: size }];
    })
    .sort((a, b) => b.sizeBytes - a.sizeBytes);
}

/** Turns one bit of a file over, as a failing disk does: size and times of the file stay. */
export function flipBit(path: string, byte: number, bit = 0): void {
  const file = openSync(path, 'r+');
  try {
    const at = Buffer.alloc(1);
    if (readSync(file, at, 0, 1, byte) !== 1) throw new Error(`${path} has no byte ${byte}`);
    at[0] = at[0]! ^ (1 << bit);
    writeSync(file, at, 0, 1, byte);
  } finally {
    closeSync(file);
  }
}
