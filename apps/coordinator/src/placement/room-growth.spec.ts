import { describe, expect, it } from '@jest/globals';
import type { DeviceId } from '#libs/kernel';
import { RoomGrowth } from './room-growth.ts';

const ada = 'ada' as DeviceId;
const ben = 'ben' as DeviceId;
const MiB = 1024 ** 2;
const GiB = 1024 ** 3;

describe('room that grows', () => {
  it.each<[string, number[], boolean[]]>([
    ['is news at the first look', [100 * GiB, 100 * GiB], [true, false]],
    ['by less than a tenth', [100 * GiB, 109 * GiB], [true, false]],
    ['by a tenth', [100 * GiB, 110 * GiB], [true, true]],
    ['step by step', [100 * GiB, 105 * GiB, 110 * GiB, 115 * GiB, 121 * GiB], [true, false, true, false, true]],
    ['from the least that there was', [100 * GiB, 80 * GiB, 88 * GiB, 88 * GiB], [true, false, true, false]],
    ['from nothing', [0, 0, MiB], [false, false, true]],
    ['by a few bytes on a full disk', [0, 4096, MiB - 1, MiB], [false, false, false, true]],
    ['by the little that a pack lacked', [60 * MiB, 61 * MiB], [true, true]],
    ['and shrinks', [100 * GiB, 0], [true, false]],
  ])('%s', (_, rooms, expected) => {
    const growth = new RoomGrowth();
    expect(rooms.map((bytes) => growth.notices([[ada, bytes]]))).toEqual(expected);
  });

  it('is seen of any device, whatever the others do', () => {
    const growth = new RoomGrowth();
    const look = (a: number, b: number): boolean =>
      growth.notices([
        [ada, a * GiB],
        [ben, b * GiB],
      ]);
    expect([look(1, 5), look(2, 4), look(2, 4), look(1, 5), look(2, 5)]).toEqual([true, true, false, true, true]);
  });

  it('starts anew with a device that left and came again', () => {
    const growth = new RoomGrowth();
    growth.notices([[ada, 0]]);
    growth.keepOnly((deviceId) => deviceId === ben);
    expect(growth.notices([[ada, GiB]])).toBe(true);
    expect(growth.notices([[ada, GiB]])).toBe(false);
  });
});
