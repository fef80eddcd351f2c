import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { measure } from '../measure.ts';
import { clear, type Tool, versionOf } from './tool.ts';

/** borg 1.x. Undefined where `command` is not there. */
export function borg(command: string): Tool | undefined {
  const version = versionOf(command, ['--version'])?.split(' ')[1];
  if (version === undefined) return undefined;
  const run = (state: string, args: readonly string[], cwd?: string) =>
    measure(command, args, {
      env: {
        BORG_REPO: join(state, 'repo'),
        BORG_PASSPHRASE: 'measured',
        BORG_BASE_DIR: join(state, 'base'),
        BORG_UNKNOWN_UNENCRYPTED_REPO_ACCESS_IS_OK: 'yes',
      },
      ...(cwd !== undefined && { cwd }),
    });
  let count = 0;
  const extract = (state: string, target: string, paths: readonly string[]) => {
    mkdirSync(target, { recursive: true });
    return run(state, ['extract', `::a${count}`, ...paths], target);
  };
  return {
    name: `borg ${version}`,
    durability: 'segments fsynced, folder fsynced',
    async prepare(state, compression) {
      clear(state);
      writeFileSync(join(state, 'compression'), compression === 'on' ? 'lz4' : 'none');
      await run(state, ['init', '--encryption=repokey-blake2']);
    },
    backup(state, folder) {
      count += 1;
      return run(state, ['create', `--compression=${readFileSync(join(state, 'compression'), 'utf8')}`, `::a${count}`, folder]);
    },
    restore: (state, target) => extract(state, target, []),
    restoreFile: (state, target, file) => extract(state, target, [file.slice(1)]),
    storedIn: (state) => join(state, 'repo'),
  };
}
