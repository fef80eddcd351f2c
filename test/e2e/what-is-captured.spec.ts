import { beforeAll, describe, expect, it } from '@jest/globals';
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Agent } from '../support/agent.ts';
import { lastEvent } from '../support/agent.ts';
import { incompressible } from '../support/sample-folder.ts';
import { repository } from '../support/processes.ts';
import { teamForTests } from '../support/team-for-tests.ts';

describe('what a backup takes', () => {
  const scene = teamForTests({ replicas: 1 });
  const documents = join(scene.folder, 'documents');
  const dump = incompressible(3_000_000, 5);
  let ada: Agent;

  beforeAll(async () => {
    mkdirSync(join(documents, 'cache'), { recursive: true });
    writeFileSync(join(documents, 'letter.txt'), 'dear team');
    writeFileSync(join(documents, 'disk.iso'), Buffer.alloc(2_000_000));
    writeFileSync(join(documents, 'cache', 'CACHEDIR.TAG'), 'Signature: 8a477f597d28d172789f06886806bc55');
    writeFileSync(join(documents, 'cache', 'thumbnail'), 'x');
    writeFileSync(join(scene.folder, 'dump.sql'), dump);
    ada = await scene.team.enrol('ada', [documents]);
  });
  const files = async (...options: string[]): Promise<number> => {
    const result = lastEvent<{ stats: { files: number } }>(await ada.must(['backup', ...options]));
    return result.stats.files;
  };
  const rules = (text: string): void => writeFileSync(join(ada.home, 'backup.yaml'), text, { mode: 0o600 });
  const leftovers = (): string[] => readdirSync(ada.home).filter((name) => /^p[0-9a-f]+\.sock$/.test(name));

  it('is chosen on the command line, and by this machine', async () => {
    expect(await files()).toBe(3);
    expect(await files('--no-exclude-caches')).toBe(4);
    expect(await files('--exclude', '*.iso', '--exclude', '/letter.txt')).toBe(1);
    expect(await files('--exclude-larger-than', '1M')).toBe(2);
    expect(lastEvent(await ada.must(['backup', '--dry-run', '--exclude-larger-than', '1M', '--one-file-system']))).toMatchObject({
      files: 2,
    });
    rules('excludeLargerThan: 1M\nexcludeCaches: false\n');
    expect(await files()).toBe(3);
    expect(await files('--exclude-larger-than', '1G', '--exclude-caches')).toBe(3);
    rules('exclude: [x]\n');
    expect(lastEvent(await ada.run(['backup']))).toMatchObject({ code: 'rules_invalid', exitCode: 1 });
    rmSync(join(ada.home, 'backup.yaml'));
  });

  it('runs the hooks of this machine, and no backup when the first one fails', async () => {
    const mark = join(scene.folder, 'mark');
    rules(`hooks:\n  before: { command: [touch, ${mark}] }\n  after: { command: [sh, -c, 'echo "$HOLDFAST_OUTCOME" > ${mark}'] }\n`);
    await files();
    expect(readFileSync(mark, 'utf8')).toBe('captured\n');
    rules(`hooks:\n  before: { command: ['false'] }\n  after: { command: [sh, -c, 'echo "$HOLDFAST_OUTCOME" > ${mark}'] }\n`);
    expect(lastEvent(await ada.run(['backup']))).toMatchObject({ code: 'hook_failed', exitCode: 1 });
    expect(readFileSync(mark, 'utf8')).toBe('failed\n');
    rmSync(join(ada.home, 'backup.yaml'));
  });

  // Both ways that a command can go: in the process of the command line, and in the daemon.
  it.each([['without', false] as const, ['with', true] as const])('comes from a pipe, %s a daemon', async (_with, daemon) => {
    if (daemon) await ada.daemonReady();
    try {
      // The harness adds an argument of its own at the end, which a shell takes as its name.
      const command = ['--stdin-command', '--', 'sh', '-c', `cat '${join(scene.folder, 'dump.sql')}'`];
      const captured = await ada.must(['--json', 'backup', '--stdin-name', 'shop.sql', ...command]);
      expect(lastEvent(captured)).toMatchObject({ partial: false, stats: { files: 1, bytes: dump.length } });
    } finally {
      if (daemon) await ada.stop();
    }
    const target = join(scene.folder, `shop-${daemon}`);
    await ada.must(['restore', '/stdin/shop.sql', '--to', target]);
    expect(readFileSync(join(target, 'stdin', 'shop.sql')).equals(dump)).toBe(true);
    expect(leftovers()).toEqual([]);
  });

  it('is marked as not whole when the program behind the pipe fails', async () => {
    const failed = await ada.run(['--json', 'backup', '--stdin-command', '--', 'sh', '-c', 'printf half; exit 7']);
    expect(failed.exitCode).toBe(3);
    expect(lastEvent(failed)).toMatchObject({ exitCode: 3, partial: true, stats: { errors: 1 } });
    expect(failed.events.find((event) => event.event === 'notice')).toMatchObject({ code: 'input_incomplete', path: '/stdin/stdin' });
  });

  it('comes from standard input as a person types it', async () => {
    const main = join(repository, 'dist/agent/main.js');
    const line = `'${process.execPath}' '${main}' --home '${ada.home}' backup --stdin --stdin-name note < '${join(scene.folder, 'dump.sql')}'`;
    expect(execFileSync('sh', ['-c', line], { encoding: 'utf8' })).toMatch(/snapshot \d+: 1 file/);
    expect(leftovers()).toEqual([]);
    expect(existsSync(join(ada.home, 'agent.json'))).toBe(true);
  });
});
