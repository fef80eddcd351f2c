import { describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import { newScrubState, scrubEnded, scrubState, scrubStep } from './scrub-plan.ts';
import { scrubTimes } from './scrub-times.ts';

const day = 86_400_000;
const idle = newScrubState().held;
const at = (nowMs: number, asked: number | null = null) => ({ nowMs, joinedAtMs: 0, asked });

describe('when packs are read again', () => {
  it('is a month after joining, then a month after the last time', () => {
    expect(scrubStep(idle, at(30 * day - 1))).toBeNull();
    const begun = scrubStep(idle, at(30 * day))!;
    expect(begun).toMatchObject({ startedAtMs: 30 * day, asked: null, after: '' });
    const ended = scrubEnded({ ...begun, packs: 7, damaged: 1 }, 31 * day);
    expect(ended.last).toEqual({ startedAtMs: 30 * day, endedAtMs: 31 * day, asked: null, packs: 7, damaged: 1 });
    expect(scrubStep(ended, at(61 * day - 1))).toBeNull();
    expect(scrubStep(ended, at(61 * day))).toMatchObject({ startedAtMs: 61 * day, packs: 0 });
  });

  it('is at once when the coordinator asks, from the beginning, and once for one request', () => {
    const begun = scrubStep({ ...idle, startedAtMs: 5, after: 'bx', packs: 3 }, at(day, 77))!;
    expect(begun).toMatchObject({ startedAtMs: day, asked: 77, after: '', packs: 0 });
    expect(scrubStep(begun, at(2 * day, 77))).toBe(begun);
    const ended = scrubEnded(begun, 2 * day);
    expect(scrubStep(ended, at(2 * day, 77))).toBeNull();
    expect(scrubStep(ended, at(2 * day, 78))).toMatchObject({ asked: 78 });
  });

  it('goes on with what was begun, whatever the clock says, and owes nothing to a clock that was set back', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 4e12 }), fc.integer({ min: 0, max: 4e12 }), (startedAtMs, nowMs) => {
        const pass = { ...idle, startedAtMs, after: 'bq', packs: 9 };
        expect(scrubStep(pass, at(nowMs))).toBe(pass);
        const ended = scrubEnded(pass, startedAtMs);
        const due = Math.abs(nowMs - startedAtMs) >= scrubTimes.everyMs;
        expect(scrubStep(ended, at(nowMs)) !== null).toBe(due);
        expect(scrubState.parse({ held: ended, own: pass })).toEqual({ held: ended, own: pass });
      }),
    );
  });
});
