import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const mount = (...args: string[]): void => void execFileSync('mount', args, { stdio: 'pipe' });

/** A file system of its own with little room. Needs the right to mount: root, or CAP_SYS_ADMIN in a container. */
export class SmallDisk {
  readonly path: string;

  constructor(path: string, sizeMiB: number) {
    this.path = path;
    mkdirSync(path, { recursive: true });
    mount('-t', 'tmpfs', '-o', `size=${sizeMiB}m,mode=0700`, 'holdfast-test', path);
  }

  resize(sizeMiB: number): void {
    mount('-o', `remount,size=${sizeMiB}m`, this.path);
  }

  remove(): void {
    // Lazily: a process that is just ending may still have a file open.
    execFileSync('umount', ['-l', this.path], { stdio: 'pipe' });
  }
}

/** Whether this machine lets us mount; tried, not guessed. */
export function canMount(): boolean {
  const folder = mkdtempSync(join(tmpdir(), 'holdfast-mount-'));
  try {
    new SmallDisk(folder, 1).remove();
    return true;
  } catch {
    return false;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
