import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ReportRun } from '#libs/contracts';
import { type DurableFiles, nodeFiles } from '#libs/kernel/node';
import { faultyFiles, ManualClock, seededRandom } from '#libs/kernel/testing';
import { JsonFile } from '../home/json-file.ts';
import { RunHistory, runsState } from './run-history.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'holdfast-runs-'));
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
