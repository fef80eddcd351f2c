import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { ReportRun } from '#libs/contracts';
import { type DurableFiles, nodeFiles } from '#libs/kernel/node';
import { faultyFiles, ManualClock, memoryFolder, seededRandom } from '#libs/kernel/testing';
import { JsonFile } from '../home/json-file.ts';
import { RunHistory, runsState } from './run-history.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(memoryFolder(), 'holdfast-runs-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const end = {
  state: 'captured',
  filesDone: 3,
  bytesDone: 30,
  snapshotSequence: 1,
  errorCode: null,
  errorMessage: null,
  fileErrors: 0,
} as const;
const open = (reports: ReportRun[], files: DurableFiles = nodeFiles, clock = new ManualClock(), recover = true) =>
  RunHistory.open(
    {
      file: new JsonFile(files, join(folder, 'runs.json'), runsState),
      clock,
      random: seededRandom(1),
      report: async (run) => void reports.push(run),
    },
    recover,
  );

describe('RunHistory', () => {
  it('reports start and end, and knows until when fire times are covered', async () => {
    const reports: ReportRun[] = [];
    const clock = new ManualClock(1_000_000);
    const runs = await open(reports, nodeFiles, clock);
    const id = await runs.start('schedule');
    expect([runs.running?.runId, runs.coveredUntilMs]).toEqual([id, 0]);
    await clock.advance(5_000);
    await runs.end(id, end);
    expect(reports.map((r) => r.state)).toEqual(['running', 'captured']);
    expect([runs.running, runs.coveredUntilMs]).toEqual([undefined, 1_005_000]);
    expect((await open([], nodeFiles, clock)).coveredUntilMs).toBe(1_005_000);
  });

  it('a failure that somebody saw, or a backup of named paths, stands for no scheduled run', async () => {
    const clock = new ManualClock(1_000);
    const runs = await open([], nodeFiles, clock);
    const failed = { ...end, state: 'failed', errorCode: 'disk_full', mayPass: true } as const;
    await runs.end(await runs.start('manual'), failed);
    await runs.end(await runs.start('manual', { adHoc: true }), end);
    expect([runs.coveredUntilMs, runs.failuresSince(0)]).toEqual([0, undefined]);
    await runs.end(await runs.start('manual'), end);
    expect(runs.coveredUntilMs).toBe(1_000);
  });

  it('knows across restarts how often the scheduled run failed since its time, and whether it is worth another try', async () => {
    const clock = new ManualClock(1_000);
    const failed = { ...end, state: 'failed', errorCode: 'disk_full' } as const;
    const runs = await open([], nodeFiles, clock);
    await runs.end(await runs.start('schedule'), { ...failed, mayPass: true });
    await clock.advance(1_000);
    await runs.end(await runs.start('catch-up'), { ...failed, mayPass: true });
    const again = await open([], nodeFiles, clock);
    expect(again.failuresSince(1_000)).toEqual({ count: 2, lastEndedAtMs: 2_000, mayPass: true });
    expect(again.failuresSince(1_500)?.count).toBe(1);
    expect(again.coveredUntilMs).toBe(2_000);
    await runs.end(await runs.start('catch-up'), failed);
    expect(runs.failuresSince(1_000)).toEqual({ count: 3, lastEndedAtMs: 2_000, mayPass: false });
    await runs.end(await runs.start('manual', { adHoc: true }), end);
    expect(runs.failuresSince(1_000)?.count).toBe(3);
    await runs.end(await runs.start('admin'), end);
    expect(runs.failuresSince(1_000)).toBeUndefined();
  });

  it('an end that the disk does not take is an end all the same, and written with the next one', async () => {
    let full = false;
    const disk: DurableFiles = {
      ...nodeFiles,
      replace: async (...args) => {
        if (full) throw new Error('no space left');
        await nodeFiles.replace(...args);
      },
    };
    const runs = await open([], disk);
    const id = await runs.start('schedule');
    full = true;
    await expect(runs.end(id, { ...end, state: 'failed', errorCode: 'disk_full', mayPass: true })).rejects.toThrow('no space');
    expect(runs.running).toBeUndefined();
    full = false;
    await runs.start('catch-up');
    expect((await open([], nodeFiles, new ManualClock(), false)).runs.map((r) => r.state)).toEqual(['failed', 'running']);
  });

  it('ends a run that a crash cut off as interrupted, which covers nothing', async () => {
    await (await open([])).start('schedule');
    const reports: ReportRun[] = [];
    const runs = await open(reports);
    expect(reports).toEqual([expect.objectContaining({ state: 'interrupted', errorCode: 'interrupted' })]);
    expect(runs.coveredUntilMs).toBe(0);
    const again: ReportRun[] = [];
    await open(again);
    expect(again).toEqual([]);
  });

  it('a reader changes nothing', async () => {
    await (await open([])).start('schedule');
    const reports: ReportRun[] = [];
    const runs = await open(reports, nodeFiles, new ManualClock(), false);
    expect([runs.running?.state, reports]).toEqual(['running', []]);
  });

  it('whatever dies in between, every run that began is reported with an end', async () => {
    for (let killAt = 1; ; killAt += 1) {
      await rm(folder, { recursive: true, force: true });
      const reports: ReportRun[] = [];
      let survived = false;
      try {
        const runs = await open(reports, faultyFiles(nodeFiles, { killAt, killHow: killAt % 2 === 0 ? 'after' : 'before' }));
        await runs.end(await runs.start('manual'), end);
        survived = true;
      } catch {
        // Killed; the next process looks after it.
      }
      const runs = await open(reports);
      for (const { runId } of [...reports, ...runs.runs]) {
        expect(['captured', 'interrupted']).toContain(reports.findLast((r) => r.runId === runId)?.state);
      }
      if (survived) break;
    }
  });
});
