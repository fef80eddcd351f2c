import { execFileSync } from 'node:child_process';
import { mkdirSync, rmSync } from 'node:fs';
import type { Measured } from '../measure.ts';

export type Compression = 'on' | 'off';

/**
 * A backup program under test. Every tool encrypts and keeps its state in one folder on the same disk. `on`: its fast compression level;
 * `off`: none. Each call is one process from start to end, as a user would run it.
 */
export interface Tool {
  /** With its version where more than one may be installed: `restic 0.14.0`. */
  readonly name: string;
  /** What is durable when its backup command returns. */
  readonly durability: string;
  /** A fresh empty store. Not measured. */
  prepare(state: string, compression: Compression): Promise<void>;
  backup(state: string, folder: string): Promise<Measured>;
  /** All of the latest snapshot to `target`, below it at the original absolute path or right in it. */
  restore(state: string, target: string): Promise<Measured>;
  /** The same without waiting until the disk has everything, where that is not what {@link restore} does anyway. */
  restoreUnsynced?(state: string, target: string): Promise<Measured>;
  /** One file (absolute path) of the latest snapshot, somewhere below `target`. */
  restoreFile(state: string, target: string, file: string): Promise<Measured>;
  /** The folder whose size counts as stored: without caches that can be made again. */
  storedIn(state: string): string;
}

/** Stands behind the name of a tool whose restore did not wait for the disk, as none of the peers does. */
export const unsynced = ' --no-sync';

export function clear(folder: string): void {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
}

/** First line of the output of a version command; undefined where the program is not there. */
export function versionOf(command: string, args: readonly string[]): string | undefined {
  try {
    return execFileSync(command, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] })
      .trim()
      .split('\n')[0]!;
  } catch {
    return undefined;
  }
}
