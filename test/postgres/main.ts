/**
 * Runs the coordinator's specs against a real PostgreSQL: makes a throw-away cluster from the system's PostgreSQL binaries
 * on a free loopback port, hands its URL to jest, and removes it. Fails when PostgreSQL is not installed.
 *
 *   node test/postgres/main.ts [which specs, else all of apps/coordinator]
 */
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { chownSync, existsSync, globSync, mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { memoryFolder } from '#libs/kernel/testing';
import { freePort, repository } from '../support/processes.ts';

function binaries(): string {
  const found = [...globSync('/usr/lib/postgresql/*/bin'), ...(process.env['PATH'] ?? '').split(':')].filter((folder) =>
    existsSync(join(folder, 'initdb')),
  );
  const newest = found.sort().at(-1);
  if (!newest) {
    console.error('PostgreSQL is not installed: these tests need its server programs (Debian package "postgresql").');
    process.exit(1);
  }
  return newest;
}

/** PostgreSQL refuses to run as root, so a root caller borrows the account that its package made. */
function asServerAccount(): { uid?: number; gid?: number } {
  if (process.getuid?.() !== 0) return {};
  const id = (flag: string): number => Number(execFileSync('id', [flag, 'postgres'], { encoding: 'utf8' }).trim());
  return { uid: id('-u'), gid: id('-g') };
}

const bin = binaries();
const account = asServerAccount();
const folder = mkdtempSync(join(memoryFolder(), 'holdfast-postgres-'));
if (account.uid !== undefined && account.gid !== undefined) chownSync(folder, account.uid, account.gid);
const data = join(folder, 'data');
const port = await freePort();
const run = (program: string, args: string[]): void => {
  const result = spawnSync(join(bin, program), args, { ...account, cwd: folder, stdio: ['ignore', 'ignore', 'inherit'] });
  if (result.status !== 0) throw new Error(`${program} ended with status ${result.status}`);
};

let status = 1;
try {
  run('initdb', ['-D', data, '-U', 'holdfast', '--auth=trust', '--encoding=UTF8', '--no-sync']);
  run('pg_ctl', [
    '-D',
    data,
    '-w',
    '-l',
    join(folder, 'log'),
    '-o',
    `-h 127.0.0.1 -p ${port} -k ${folder} -c fsync=off -c max_connections=200`,
    'start',
  ]);
  const jest = spawn(
    process.execPath,
    [
      '--experimental-vm-modules',
      '--disable-warning=ExperimentalWarning',
      'node_modules/jest/bin/jest.js',
      '--selectProjects',
      'unit',
      '--testPathPatterns',
      ...(process.argv.length > 2 ? process.argv.slice(2) : ['apps/coordinator']),
    ],
    {
      cwd: repository,
      stdio: 'inherit',
      env: { ...process.env, HOLDFAST_TEST_DATABASE_URL: `postgres://holdfast@127.0.0.1:${port}/postgres` },
    },
  );
  // Whoever interrupts this still gets the cluster removed: it may lie in memory.
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => jest.kill(signal));
  status = await new Promise<number>((resolve) => jest.once('exit', (code) => resolve(code ?? 1)));
} finally {
  if (existsSync(join(data, 'postmaster.pid'))) run('pg_ctl', ['-D', data, '-m', 'immediate', 'stop']);
  rmSync(folder, { recursive: true, force: true });
}
process.exit(status);
