import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { measure } from '../measure.ts';
import { clear, type Tool, versionOf } from './tool.ts';

/** restic from 0.14 (repository format 2, which compresses). Undefined where `command` is not there. */
export function restic(command: string): Tool | undefined {
  const version = versionOf(command, ['version'])?.split(' ')[1];
  if (version === undefined) return undefined;
  const env = (state: string, compression: string): Record<string, string> => ({
    RESTIC_REPOSITORY: join(state, 'repo'),
    RESTIC_PASSWORD: 'measured',
    RESTIC_CACHE_DIR: join(state, 'cache'),
    RESTIC_COMPRESSION: compression === 'on' ? 'auto' : 'off',
  });
  const run = (state: string, ...args: string[]) =>
    measure(command, [...args, '--quiet'], { env: env(state, readFileSync(join(state, 'compression'), 'utf8')) });
  return {
    name: `restic ${version}`,
    durability: 'every file of the repository and its folder fsynced',
    async prepare(state, compression) {
      clear(state);
      writeFileSync(join(state, 'compression'), compression);
      await run(state, 'init');
    },
    backup: (state, folder) => run(state, 'backup', folder),
    restore: (state, target) => run(state, 'restore', 'latest', '--target', target),
    restoreFile: (state, target, file) => run(state, 'restore', 'latest', '--target', target, '--include', file),
    storedIn: (state) => join(state, 'repo'),
  };
}
