import { execFileSync } from 'node:child_process';
import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Measured } from './measure.ts';
import { measure } from './measure.ts';

/** A backup program under test. `state` is its folder; every tool encrypts, compresses at its fast level, and stores on the same disk. */
export interface Tool {
  readonly name: string;
  readonly version: string;
  prepare(state: string): Promise<void>;
  backup(state: string, folder: string): Promise<Measured>;
  restore(state: string, target: string): Promise<Measured>;
}

const engineRun = join(import.meta.dirname, 'engine-run.ts');
const clear = (folder: string): void => {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
};

const holdfast: Tool = {
  name: 'holdfast',
  version: 'this tree',
  prepare: async (state) => clear(state),
  backup: (state, folder) => measure(process.execPath, [engineRun, 'backup', state, folder]),
  restore: (state, target) => measure(process.execPath, [engineRun, 'restore', state, target]),
};

function versionOf(command: string, args: readonly string[]): string | undefined {
  try {
    return execFileSync(command, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] })
      .trim()
      .split('\n')[0]!;
  } catch {
    return undefined;
  }
}

function restic(version: string): Tool {
  const env = (state: string): Record<string, string> => ({
    RESTIC_REPOSITORY: join(state, 'repo'),
    RESTIC_PASSWORD: 'measured',
    RESTIC_CACHE_DIR: join(state, 'cache'),
    RESTIC_COMPRESSION: 'auto',
  });
  return {
    name: 'restic',
    version,
    async prepare(state) {
      clear(state);
      await measure('restic', ['init'], env(state));
    },
    backup: (state, folder) => measure('restic', ['backup', '--quiet', folder], env(state)),
    restore: (state, target) => measure('restic', ['restore', '--quiet', 'latest', '--target', target], env(state)),
  };
}

function borg(version: string): Tool {
  const env = (state: string): Record<string, string> => ({
    BORG_REPO: join(state, 'repo'),
    BORG_PASSPHRASE: 'measured',
    BORG_BASE_DIR: join(state, 'base'),
    BORG_UNKNOWN_UNENCRYPTED_REPO_ACCESS_IS_OK: 'yes',
  });
  let count = 0;
  return {
    name: 'borg',
    version,
    async prepare(state) {
      clear(state);
      await measure('borg', ['init', '--encryption=repokey-blake2'], env(state));
    },
    backup: (state, folder) => measure('borg', ['create', '--compression=lz4', `::a${(count += 1)}`, folder], env(state)),
    async restore(state, target) {
      mkdirSync(target, { recursive: true });
      return measure('sh', ['-c', `cd "${target}" && exec borg extract ::a${count}`], env(state));
    },
  };
}

/** Holdfast first, then every peer that is installed. */
export function installedTools(): Tool[] {
  const tools = [holdfast];
  const resticVersion = versionOf('restic', ['version']);
  if (resticVersion) tools.push(restic(resticVersion.split(' compiled')[0]!));
  const borgVersion = versionOf('borg', ['--version']);
  if (borgVersion) tools.push(borg(borgVersion));
  return tools;
}
