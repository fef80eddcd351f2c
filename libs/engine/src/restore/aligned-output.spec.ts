import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { pageBytes } from '#libs/kernel/page-aligned';
import { AlignedOutput, AlignedRooms, type Stretch } from './aligned-output.ts';
import { restoreLimits } from './limits.ts';

/** Sizes as of chunks: some a few bytes, some as large as a room takes. */
const piece = fc.record({
  of: fc.integer({ min: 0, max: 2 }),
  /** Where it goes: right behind the one before of the same file, or so far on. */
  gap: fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 20_000 })),
  length: fc.oneof(fc.integer({ min: 1, max: 100_000 }), fc.integer({ min: 1, max: restoreLimits.alignedRoomBytes - pageBytes })),
  /** A chunk that does not open leaves its room unused. */
  fails: fc.boolean(),
});

/** A later turn of the event loop, as a disk answers. */
const later = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe('AlignedOutput', () => {
  it('hands on every byte once, at its place, aligned as the file is, and never more than its rooms at a time', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.array(piece, { maxLength: 12 }), { maxLength: 3 }), async (runs) => {
        const rooms = new AlignedRooms();
        let mark = 0;
        await Promise.all(
          runs.map(async (pieces) => {
            const expected: [number, number, number, number][] = [];
            const seen: [number, number, number, number][] = [];
            const output = new AlignedOutput<number>(rooms, async ({ of, position, bytes }: Stretch<number>) => {
              expect(bytes.byteOffset % pageBytes).toBe(position % pageBytes);
              await later();
              // Read only now: what is handed on must not be written over before its end.
              for (let at = 0; at < bytes.length;) {
                const view = new DataView(bytes.buffer, bytes.byteOffset + at);
                const [length, number] = [view.getUint32(0, true), view.getUint32(4, true)];
                seen.push([of, position + at, length, number]);
                at += length;
              }
            });
            const ends = [0, 0, 0];
            for (const { of, gap, length: wanted, fails } of pieces) {
              const length = wanted + 8;
              const position = ends[of]! + gap;
              const room = await output.room(of, position, length);
              if (!room) {
                expect((position % pageBytes) + length).toBeGreaterThan(restoreLimits.alignedRoomBytes);
                continue;
              }
              expect(room.length).toBeGreaterThanOrEqual(length);
              if (fails) continue;
              mark += 1;
              const view = new DataView(room.buffer, room.byteOffset);
              view.setUint32(0, length, true);
              view.setUint32(4, mark, true);
              output.put(length);
              expected.push([of, position, length, mark]);
              ends[of] = position + length;
            }
            await output.finish();
            expect(seen.sort((a, b) => a[3] - b[3])).toEqual(expected);
          }),
        );
      }),
      { numRuns: 60 },
    );
  });

  it('tells of the first failure once everything has ended, and its memory is there for the next', async () => {
    const rooms = new AlignedRooms();
    let ended = 0;
    for (let round = 0; round < 5; round += 1) {
      const output = new AlignedOutput<number>(rooms, async ({ of }) => {
        await later();
        ended += 1;
        if (of === 1) throw new Error('no room left');
      });
      for (let of = 0; of < 3; of += 1) {
        await output.room(of, 10, 1_000_000);
        output.put(1_000_000);
      }
      await expect(output.finish()).rejects.toThrow('no room left');
      expect(ended).toBe(3 * (round + 1));
    }
  });
});
