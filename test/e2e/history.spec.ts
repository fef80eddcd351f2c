import { beforeAll, describe, expect, it } from '@jest/globals';
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Agent } from '../support/agent.ts';
import { lastEvent } from '../support/agent.ts';
import { programs, until } from '../support/processes.ts';
import { teamForTests } from '../support/team-for-tests.ts';

const items = (events: readonly Record<string, unknown>[]): Record<string, unknown>[] => events.filter((one) => one['event'] === 'item');

describe('the history of a machine', () => {
  const scene = teamForTests({ replicas: 1 });
  const documents = join(scene.folder, 'documents');
  const write = (name: string, text: string): void => writeFileSync(join(documents, name), text);
  let ada: Agent;

  beforeAll(async () => {
    mkdirSync(join(documents, 'plans'), { recursive: true });
    write('notes.txt', 'first');
    write('plans/a.odt', 'a'.repeat(100_000));
    ada = await scene.team.join('ada', [documents]);
    await scene.team.join('ben');
    await ada.must(['backup', '--wait-protected', '--tag', 'start']);
    write('notes.txt', 'second');
    write('plans/big', Buffer.alloc(3_000_000, 'not needed for long ').toString());
    await ada.must(['backup']);
    rmSync(join(documents, 'plans', 'big'));
    await ada.must(['backup', '--wait-protected']);
    await ada.must(['backup', join(documents, 'plans'), '--wait-protected']);
  });

  it('a backup of named paths does not stand for the machine’s state', async () => {
    const status = lastEvent<{ captured: { sequence: number }; state: string }>(await ada.must(['status']));
    expect(status).toMatchObject({ state: 'protected', captured: { sequence: 3 } });
    const { events } = await ada.must(['snapshots', '--path', join(documents, 'notes.txt')]);
    expect(items(events).map((row) => row['sequence'])).toEqual([1, 2, 3]);
    expect(items((await ada.must(['snapshots', '--tag', 'start'])).events)).toMatchObject([{ sequence: 1, tags: ['start'], adHoc: false }]);
  });

  it('finds versions, tells differences, gives folders as archives', async () => {
    const found = items((await ada.must(['find', join(documents, 'notes.txt')])).events);
    expect(found.map(({ first, last }) => [first, last])).toEqual([
      [1, 1],
      [2, 3],
    ]);
    expect(items((await ada.must(['find', 'b?g', '*.odt'])).events)).toEqual(
      expect.arrayContaining([
        expect.objectContaining({ path: join(documents, 'plans', 'big'), first: 2, last: 2, removed: true }),
        expect.objectContaining({ path: join(documents, 'plans', 'a.odt'), first: 1, last: 3, newest: true }),
      ]),
    );
    const changes = items((await ada.must(['diff', '1', '2'])).events).map(({ change, path }) => [change, path]);
    expect(changes).toContainEqual(['content', join(documents, 'notes.txt')]);
    expect(changes).toContainEqual(['added', join(documents, 'plans', 'big')]);

    const out = join(scene.folder, 'out');
    mkdirSync(out);
    const dump = spawn(process.execPath, [programs.agent, 'dump', documents, '--snapshot', '2', '--home', ada.home]);
    const tar = spawn('tar', ['-xpf', '-', '-C', out]);
    dump.stdout.pipe(tar.stdin);
    const ended = await Promise.all([once(dump, 'close'), once(tar, 'close')]);
    expect(ended.map(([code]) => code as number)).toEqual([0, 0]);
    expect(readFileSync(join(out, 'documents', 'notes.txt'), 'utf8')).toBe('second');
    expect(readFileSync(join(out, 'documents', 'plans', 'big')).length).toBe(3_000_000);
  });

  it('shows all snapshots over WebDAV until it is stopped', async () => {
    const mount = ada.begin(['mount']);
    const url = await until('it says where', async () => items(mount.events())[0]?.['url'] as string | undefined, 60_000, 50);
    const top = await (await fetch(url, { method: 'PROPFIND', headers: { depth: '1' } })).text();
    expect(top).toContain('latest/');
    const notes = await fetch(`${url}latest${documents}/notes.txt`, { headers: { range: 'bytes=1-3' } });
    expect([notes.status, await notes.text()]).toEqual([206, 'eco']);
    expect((await fetch(new URL('/', url))).status).toBe(404);
    mount.process.kill('SIGINT');
    await mount.result;
    await expect(fetch(url)).rejects.toThrow();
  });

  it('forgets and prunes: what is kept restores, what is pinned stays', async () => {
    await ada.must(['snapshots', 'pin', '1']);
    // All or none: the second one stays what it was, and is forgotten below.
    expect(lastEvent(await ada.run(['snapshots', 'pin', '2', '99']))).toMatchObject({ code: 'snapshot_not_found', exitCode: 1 });
    expect((await ada.run(['forget', '1', '--apply'])).exitCode).toBe(1);
    // Without the newest of everything nothing of the machine could be brought back; only shown it is refused, too.
    for (const refused of [['3', '--apply'], ['3'], ['4']])
      expect(lastEvent(await ada.run(['forget', ...refused]))).toMatchObject({ code: 'snapshot_protected', exitCode: 1 });
    const shown = lastEvent(await ada.must(['forget', '--keep-last', '1']));
    expect(shown).toMatchObject({ dryRun: true, forgotten: 1, kept: 3 });
    expect(lastEvent(await ada.must(['forget', '--keep-last', '1', '--apply']))).toMatchObject({ dryRun: false, forgotten: 1 });
    expect(items((await ada.must(['snapshots'])).events).map((row) => row['sequence'])).toEqual([1, 3, 4]);
    const dry = lastEvent<{ packsToRelease: number; packsToRewrite: number; freedBytes: number }>(await ada.must(['prune', '--dry-run']));
    expect(dry.packsToRelease + dry.packsToRewrite).toBeGreaterThan(0);
    const done = lastEvent<{ packsRetired: number }>(await ada.must(['prune']));
    expect(done.packsRetired).toBeGreaterThan(0);
    expect(lastEvent(await ada.must(['check', '--read-data']))).toMatchObject({ ok: true });
    await ada.must(['restore', documents, '--snapshot', '1', '--to', join(scene.folder, 'one')]);
    expect(readFileSync(join(scene.folder, 'one', documents, 'notes.txt'), 'utf8')).toBe('first');
    // Whatever holders and coordinator were told: another machine's view of it is whole too.
    write('notes.txt', 'third');
    await ada.must(['backup', '--wait-protected']);
    execFileSync('rm', ['-rf', join(scene.folder, 'three')]);
    await ada.must(['restore', documents, '--to', join(scene.folder, 'three')]);
    expect(readFileSync(join(scene.folder, 'three', documents, 'notes.txt'), 'utf8')).toBe('third');
  });
});
