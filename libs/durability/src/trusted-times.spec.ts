import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { type TimedSnapshot, trustedTimes } from './trusted-times.ts';

const times = (...list: (number | [received: number, device: number])[]): number[] => [
  ...trustedTimes(
    list.map((one, n) =>
      typeof one === 'number' ? { sequence: n + 1, deviceTimeMs: one } : { sequence: n + 1, receivedAtMs: one[0], deviceTimeMs: one[1] },
    ),
  ).values(),
];

describe('times of snapshots', () => {
  it.each<[string, Parameters<typeof times>, number[]]>([
    ['of a clock that runs well', [1, 2, 3], [1, 2, 3]],
    ['of a clock that was ahead once', [1, 900, 3, 4], [1, 1, 3, 4]],
    ['of a clock that was behind once', [10, 11, 0, 12], [10, 11, 11, 12]],
    ['of one that was wrong at first', [900, 2, 3], [2, 2, 3]],
    ['of two wrong ones among four good', [10, 900, 11, 0, 12, 13], [10, 10, 11, 11, 12, 13]],
    ['with what the coordinator received', [[10, 900], 900, [12, 0]], [10, 10, 12]],
    [
      'with receipts that contradict each other',
      [
        [10, 0],
        [5, 0],
        [20, 0],
      ],
      [5, 5, 20],
    ],
    ['of none', [], []],
  ])('%s', (_what, list, expected) => expect(times(...list)).toEqual(expected));

  it('never run backwards, keep every receipt that fits, and change nothing that is in order', () => {
    const any = fc.array(fc.record({ deviceTimeMs: fc.nat(1000), received: fc.boolean() }), { maxLength: 50 });
    fc.assert(
      fc.property(any, (list) => {
        const snapshots: TimedSnapshot[] = list.map(({ deviceTimeMs, received }, n) => ({
          sequence: n + 1,
          deviceTimeMs,
          receivedAtMs: received ? n * 20 : undefined,
        }));
        const found = [...trustedTimes(snapshots).values()];
        expect(found).toEqual(found.toSorted((a, b) => a - b));
        for (const [n, { receivedAtMs }] of snapshots.entries()) if (receivedAtMs !== undefined) expect(found[n]).toBe(receivedAtMs);
        const sorted = snapshots.map((s) => s.deviceTimeMs).toSorted((a, b) => a - b);
        expect(times(...sorted)).toEqual(sorted);
      }),
    );
  });
});
