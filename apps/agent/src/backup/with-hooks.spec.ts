import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import type { BackupResult } from '#libs/engine';
import { silentLog } from '../log/agent-log.ts';
import type { Hooks } from './own-rules.ts';
import { runHook } from './run-hook.ts';
import { withHooks } from './with-hooks.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'holdfast-hooks-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

const result = (partial = false): BackupResult =>
  ({ snapshot: { sequence: 7, partial, stats: { errors: 0 } }, newPacks: [], problems: [], notes: [] }) as unknown as BackupResult;
const note = (name: string): string[] => [
  'sh',
  '-c',
  `echo "$HOLDFAST_HOOK $HOLDFAST_TRIGGER $HOLDFAST_OUTCOME $HOLDFAST_SNAPSHOT" >> "${join(folder, name)}"`,
];
const hook = (command: string[], more: object = {}) => ({ command, timeoutSeconds: 30, onFailure: 'stop' as const, ...more });
const run = (hooks: Hooks, work: () => Promise<BackupResult> = async () => result(), signal = new AbortController().signal) =>
  withHooks({ hooks, trigger: 'scheduled', signal, log: silentLog }, work);
/** Whether a process that has been signalled comes to its end: gone, or a zombie that nobody has waited for yet. */
const isOver = async (pid: number): Promise<boolean> => {
  expect(pid).toBeGreaterThan(1);
  const stat = `/proc/${pid}/stat`;
  for (let look = 0; look < 100; look++) {
    // A signal is sent before it is heeded: on a busy machine the process still runs for a moment.
    try {
      if (readFileSync(stat, 'utf8').split(') ')[1]?.[0] === 'Z') return true;
    } catch {
      return true;
    }
    await setTimeout(100);
  }
  return false;
};
const said = (name: string): string => readFileSync(join(folder, name), 'utf8').trim();

describe('hooks', () => {
  it('run around the backup and are told of it', async () => {
    await run({ before: hook(note('b')), after: hook(note('a')) }, async () => {
      expect(existsSync(join(folder, 'a'))).toBe(false);
      return result();
    });
    expect([said('b'), said('a')]).toEqual(['before scheduled', 'after scheduled captured 7']);
    await run({ after: hook(note('partial')) }, async () => result(true));
    expect(said('partial')).toBe('after scheduled partial 7');
  });

  it('before: a failure stops the backup, or not, as it says; after runs all the same', async () => {
    let worked = 0;
    const work = async (): Promise<BackupResult> => {
      worked += 1;
      return result();
    };
    const failing = ['sh', '-c', 'echo no room >&2; exit 4'];
    await expect(run({ before: hook(failing), after: hook(note('a')) }, work)).rejects.toMatchObject({
      code: 'hook_failed',
      message: expect.stringMatching(/ended with 4: no room/),
    });
    expect([worked, said('a')]).toEqual([0, 'after scheduled failed']);
    const { notes } = await run({ before: hook(failing, { onFailure: 'continue' }) }, work);
    expect(worked).toBe(1);
    expect(notes).toEqual([expect.objectContaining({ code: 'hook_failed' })]);
  });

  it('after: told of a failed and of an interrupted backup; its own failure leaves the snapshot as it is', async () => {
    const fail = async (): Promise<BackupResult> => Promise.reject(new Error('disk'));
    await expect(run({ after: hook(note('failed')) }, fail)).rejects.toThrow('disk');
    expect(said('failed')).toBe('after scheduled failed');
    const stop = new AbortController();
    const interrupted = async (): Promise<BackupResult> => {
      stop.abort();
      throw new Error('stopped');
    };
    await expect(run({ after: hook(note('stopped')) }, interrupted, stop.signal)).rejects.toThrow('stopped');
    expect(said('stopped')).toBe('after scheduled interrupted');
    const done = await run({ after: hook(['false']) });
    expect(done.snapshot.sequence).toBe(7);
    expect(done.notes).toEqual([expect.objectContaining({ code: 'hook_failed', message: expect.stringContaining('ended with 1') })]);
  });
});

describe('a hook', () => {
  it('is no shell line', async () => {
    expect(await runHook(hook(['printf', `$(touch ${join(folder, 'x')}); touch ${join(folder, 'y')}`]), {})).toBeUndefined();
    expect([existsSync(join(folder, 'x')), existsSync(join(folder, 'y'))]).toEqual([false, false]);
  });

  it('that can not be started says so', async () => {
    expect(await runHook(hook(['/no/such/program']), {})).toMatch(/could not be started.*ENOENT/);
  });

  it('is ended at its time limit with all that it started', async () => {
    const started = performance.now();
    const line = `sleep 60 & echo $! > "${join(folder, 'pid')}"; wait`;
    // Time enough for a shell to start and to write down what it started.
    expect(await runHook(hook(['sh', '-c', line], { timeoutSeconds: 2 }), {})).toMatch(/took longer than 2 s/);
    expect(performance.now() - started).toBeLessThan(30_000);
    expect(await isOver(Number(said('pid')))).toBe(true);
  });

  it('is ended at its time limit with what ignores being asked and writes elsewhere', async () => {
    const line = `sh -c 'trap "" TERM; while :; do sleep 0.1; done' > /dev/null 2>&1 & echo $! > "${join(folder, 'pid')}"; wait`;
    expect(await runHook(hook(['sh', '-c', line], { timeoutSeconds: 2 }), {})).toMatch(/took longer than 2 s/);
    expect(await isOver(Number(said('pid')))).toBe(true);
  });

  it('that ignores being asked is killed', async () => {
    expect(await runHook(hook(['sh', '-c', 'trap "" TERM; echo up; while :; do sleep 0.1; done'], { timeoutSeconds: 0.2 }), {})).toMatch(
      /took longer/,
    );
  });

  it('that talks without end keeps its last words only', async () => {
    const why = await runHook(hook(['sh', '-c', 'head -c 5000000 /dev/zero | tr "\\\\0" x; echo last; exit 1']), {});
    expect(why!.length).toBeLessThan(3_000);
    expect(why).toMatch(/last$/);
  });
});
