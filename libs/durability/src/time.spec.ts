import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { everyHour, inWords, without } from './time.ts';

describe('calendars', () => {
  it('leaves a span out', () => {
    const calendar = without(100, 200);
    expect([50, 100, 150, 200, 250].map((to) => calendar.elapsedMs(50, to))).toEqual([0, 50, 50, 50, 100]);
    expect(calendar.elapsedMs(150, 300)).toBe(100);
    expect(calendar.elapsedMs(300, 200)).toBe(0);
  });

  it('names the first moment at which so much has elapsed', () => {
    const ms = fc.integer({ min: 0, max: 1000 });
    fc.assert(
      fc.property(ms, ms, ms, fc.integer({ min: 1, max: 1000 }), (start, length, from, count) => {
        for (const calendar of [everyHour, without(start, start + length)]) {
          const moment = calendar.whenElapsed(from, count);
          expect(calendar.elapsedMs(from, moment)).toBe(count);
          expect(calendar.elapsedMs(from, moment - 1)).toBe(count - 1);
        }
      }),
    );
  });
});

describe('durations in words', () => {
  it.each([
    [0, 'a moment'],
    [1000, '1 second'],
    [119_000, '1 minute'],
    [7_200_000, '2 hours'],
    [3 * 86_400_000, '3 days'],
  ])('%d ms is %s', (ms, words) => expect(inWords(ms)).toBe(words));
});
