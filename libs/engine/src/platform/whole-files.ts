import { fstatSync } from 'node:fs';
import type { NamelessFiles } from './nameless-files.ts';
import type { HeldFolder, WholeFileFacts } from './platform.ts';
import { fileError } from './system-error.ts';

/** No other way would do better. */
const final = new Set(['EEXIST', 'ENOSPC', 'EDQUOT']);

/**
 * {@link HeldFolder.placeWhole} by files that have no name at first. Beside a temporary name that is renamed it spares the kernel one of two names and the removal of the
 * other, a quarter of what a small file costs it, and the file has its mode from the start, since nobody can open it before it has a name. `named`: for messages.
 */
export function wholeFiles(folder: number, files: NamelessFiles, named: (name: Buffer) => Buffer): NonNullable<HeldFolder['placeWhole']> {
  let refused = false;
  /** Whether files get the mode that they are made with, less the mask: not on every file system. Asked of the first one. */
  let keepsMode: boolean | undefined;

  function hasMode(fd: number, mode: number): boolean {
    const mask = files.umask();
    if (mask === undefined) return false;
    keepsMode ??= (fstatSync(fd).mode & 0o777) === (mode & ~mask);
    return keepsMode && (mode & mask) === 0;
  }

  const finished = (fd: number, name: Buffer, bytes: Uint8Array, { mode, mtimeNs, owner }: WholeFileFacts): string | undefined =>
    files.write(fd, bytes) ??
    (owner && files.setOwner(fd, owner.uid, owner.gid)) ??
    (hasMode(fd, mode) ? undefined : files.setMode(fd, mode)) ??
    files.setTimes(fd, mtimeNs) ??
    files.giveName(fd, folder, name);

  return (name, bytes, facts) => {
    if (refused) return 'unsupported';
    const fd = files.open(folder, facts.mode);
    let problem: string | undefined;
    if (typeof fd === 'string') problem = fd;
    else
      try {
        problem = finished(fd, name, bytes, facts);
      } finally {
        // Without a name it is gone with this.
        files.close(fd);
      }
    if (problem === undefined) return 'done';
    if (final.has(problem)) throw fileError(problem, named(name));
    refused = true;
    return 'unsupported';
  };
}
