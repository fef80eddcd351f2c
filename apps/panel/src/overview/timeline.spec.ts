import { describe, expect, it } from '@jest/globals';
import type { Overview, Run } from '#libs/contracts';
import { placeRuns } from './timeline.ts';

const at = (time: string): number => Date.parse(`2026-11-22T${time}:00Z`);
const aRun = (from: string, to: string | null): Run => ({
  runId: crypto.randomUUID(),
  deviceId: crypto.randomUUID() as Run['deviceId'],
  trigger: 'schedule',
  state: to === null ? 'running' : 'captured',
  startedAtMs: at(from),
  endedAtMs: to === null ? null : at(to),
  filesDone: 0,
  bytesDone: 0,
  snapshotSequence: null,
  errorCode: null,
  errorMessage: null,
  fileErrors: 0,
});
const night = (...runs: Run[]): Overview['lastNight'] => [{ deviceId: crypto.randomUUID() as Run['deviceId'], deviceName: 'ada', runs }];

describe('the strip of last night', () => {
  it('is empty without runs', () => {
    expect(placeRuns(night(), at('12:00'))).toEqual({ ticks: [], rows: [] });
  });

  it('puts runs where they were, over full hours', () => {
    const { rows, ticks } = placeRuns(night(aRun('01:00', '02:00'), aRun('04:00', '05:00')), at('12:00'));
    expect(rows[0]!.runs.map(({ leftPercent, widthPercent }) => [leftPercent, widthPercent])).toEqual([
      [0, 25],
      [75, 25],
    ]);
    expect(ticks.map(({ atMs }) => atMs)).toEqual([at('01:00'), at('02:00'), at('03:00'), at('04:00'), at('05:00')]);
  });

  it('lets a run that goes on reach to now, and never leaves the strip', () => {
    const [placed] = placeRuns(night(aRun('10:30', null)), at('11:10')).rows[0]!.runs;
    expect(placed!.leftPercent).toBeGreaterThan(0);
    expect(placed!.leftPercent + placed!.widthPercent).toBeLessThanOrEqual(100);
  });

  it('gives a single short run the span of two hours or more', () => {
    const [placed] = placeRuns(night(aRun('10:05', '10:06')), at('12:00')).rows[0]!.runs;
    expect(placed!.widthPercent).toBeLessThan(1);
  });
});
