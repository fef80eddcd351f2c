import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, join, relative } from 'node:path';
import { measure } from '../measure.ts';
import { clear, type Tool, versionOf } from './tool.ts';

/** kopia with its default encryption and splitter. Undefined where `command` is not there. Written to its 0.19 command line. */
export function kopia(command: string): Tool | undefined {
  const version = versionOf(command, ['--version'])?.split(' ')[0];
  if (version === undefined) return undefined;
  const run = (state: string, ...args: string[]) =>
    measure(command, args, {
      env: {
        KOPIA_PASSWORD: 'measured',
        KOPIA_CONFIG_PATH: join(state, 'config'),
        KOPIA_CACHE_DIRECTORY: join(state, 'cache'),
        KOPIA_LOG_DIR: join(state, 'log'),
        KOPIA_CHECK_FOR_UPDATES: 'false',
      },
    });
  const latestFile = (state: string): string => join(state, 'latest');
  const latest = (state: string) => JSON.parse(readFileSync(latestFile(state), 'utf8')) as { root: string; folder: string };
  return {
    name: `kopia ${version}`,
    durability: 'not fsynced (its file system store leaves that to the system)',
    async prepare(state, compression) {
      clear(state);
      mkdirSync(join(state, 'repo'));
      await run(state, 'repository', 'create', 'filesystem', '--path', join(state, 'repo'));
      await run(state, 'policy', 'set', '--global', `--compression=${compression === 'on' ? 'zstd-fastest' : 'none'}`);
    },
    async backup(state, folder) {
      const measured = await run(state, 'snapshot', 'create', folder, '--json', '--no-progress');
      const root = /"obj":\s*"([^"]+)"/.exec(measured.output)?.[1];
      if (root === undefined) throw new Error(`no snapshot in what kopia said:\n${measured.output}`);
      writeFileSync(latestFile(state), JSON.stringify({ root, folder }));
      return measured;
    },
    restore: (state, target) => run(state, 'snapshot', 'restore', latest(state).root, target),
    restoreFile(state, target, file) {
      mkdirSync(target, { recursive: true });
      const { root, folder } = latest(state);
      return run(state, 'restore', `${root}/${relative(folder, file)}`, join(target, basename(file)));
    },
    storedIn: (state) => join(state, 'repo'),
  };
}
