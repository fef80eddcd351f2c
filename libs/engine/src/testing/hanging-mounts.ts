import { afterEach, describe } from '@jest/globals';
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { accessSync, constants, existsSync } from 'node:fs';
import { join } from 'node:path';

/** See hanging-mount.ts. */
export type Answers = 'nothing' | 'all' | 'until-reading' | 'until-folder' | 'closed' | 'slowly';

function mayMount(): boolean {
  try {
    accessSync('/dev/fuse', constants.R_OK | constants.W_OK);
    return true;
  } catch {
    return false;
  }
}
const hasHelper = (process.env['PATH'] ?? '').split(':').some((path) => existsSync(join(path, 'fusermount3')));

/** `describe` where something can be mounted; in CI it has to be. */
export const describeWithMounts = mayMount() && (hasHelper || process.env['CI']) ? describe : describe.skip;

/** Mounts file systems that hang, each served by a process of its own, and ends them after each test. Resolves to that process once it is mounted. */
export function hangingMounts(): (folder: string, answers: Answers) => Promise<ChildProcess> {
  const made: { readonly server: ChildProcess; readonly folder: string }[] = [];
  afterEach(async () => {
    for (const { server, folder } of made.splice(0)) {
      // With its server the connection ends, and whoever waits for it goes on.
      server.kill('SIGKILL');
      if (server.exitCode === null && server.signalCode === null) await once(server, 'exit');
      try {
        execFileSync('fusermount3', ['-u', '-z', '-q', '--', folder], { stdio: 'ignore' });
      } catch {
        // Gone with its server, as it is to be.
      }
    }
  });
  return async (folder, answers) => {
    const script = new URL('./hanging-mount.ts', import.meta.url).pathname;
    const server = spawn(
      process.execPath,
      ['--conditions=holdfast-source', '--disable-warning=ExperimentalWarning', script, folder, answers],
      { stdio: ['ignore', 'pipe', 'inherit'] },
    );
    made.push({ server, folder });
    await once(server.stdout, 'data');
    server.stdout.destroy();
    return server;
  };
}
