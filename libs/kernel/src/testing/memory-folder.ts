import { statfsSync } from 'node:fs';
import { tmpdir } from 'node:os';

/** Linux keeps it in memory, where it exists. */
const SHARED_MEMORY = '/dev/shm';
/** tmpfs in <linux/magic.h>. */
const TMPFS = 0x0102_1994;
/** All tests that run at a time need a fifth of it, a PostgreSQL cluster and its databases included; containers often have 64 MiB. */
const ENOUGH_BYTES = 2 * 1024 ** 3;

/**
 * Where databases and state files of tests belong: a file system in memory, where this machine has a roomy one, else the folder for
 * temporary files. Whoever ends no machine learns nothing from a disk, yet waits for it at each commit. What reads attributes, holes or
 * past the page cache stays on a disk, and so do the processes of test/.
 */
export function memoryFolder(): string {
  try {
    const { type, bavail, bsize } = statfsSync(SHARED_MEMORY);
    if (type === TMPFS && bavail * bsize >= ENOUGH_BYTES) return SHARED_MEMORY;
  } catch {
    // Not there: every other system, and some containers.
  }
  return tmpdir();
}
