import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { bytesToGiveBack, roomForOthers } from './disk-room.ts';

const GB = 1e9;
const pledge = { maxBytes: null, reserveBytes: 20 * GB, reservePercent: 15 };
const disk = (freeBytes: number, totalBytes = 100 * GB) => ({ freeBytes, totalBytes });

describe('bytes to give back', () => {
  it.each<[string, ReturnType<typeof disk>, number, number | null, number]>([
    ['none with the reserve free', disk(20 * GB), 50 * GB, null, 0],
    ['what is missing to the reserve', disk(17 * GB), 50 * GB, null, 3 * GB],
    ['by the share of a large disk', disk(100 * GB, 1000 * GB), 500 * GB, null, 50 * GB],
    ['no more than is held', disk(0), 4 * GB, null, 4 * GB],
    ['none where nothing is held', disk(0), 0, null, 0],
    ['what is held beyond a pledge that was lowered', disk(90 * GB), 5 * GB, 3 * GB, 2 * GB],
    ['all of it when nothing is pledged any more', disk(90 * GB), 5 * GB, 0, 5 * GB],
    ['the larger of the two', disk(19 * GB), 5 * GB, 3 * GB, 2 * GB],
  ])('%s', (_, room, held, maxBytes, expected) => {
    expect(bytesToGiveBack(room, held, { ...pledge, maxBytes })).toBe(expected);
  });

  it('and room for more are never there at once', () => {
    const bytes = fc.integer({ min: 0, max: 2 ** 45 });
    fc.assert(
      fc.property(bytes, bytes, bytes, fc.option(bytes), (freeBytes, totalBytes, held, maxBytes) => {
        const room = roomForOthers({ freeBytes, totalBytes }, held, { ...pledge, maxBytes }).bytes;
        const back = bytesToGiveBack({ freeBytes, totalBytes }, held, { ...pledge, maxBytes });
        expect(Math.min(room, back)).toBe(0);
        expect(back).toBeLessThanOrEqual(held);
      }),
    );
  });
});
