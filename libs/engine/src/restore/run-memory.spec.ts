import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { restoreLimits } from './limits.ts';
import { RunMemory } from './run-memory.ts';

describe('RunMemory', () => {
  it('gives what was given back, never the same memory to two, and nothing for a run that is too long', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(7), { maxLength: 30 }), (steps) => {
        const memory = new RunMemory();
        const out: Uint8Array[] = [];
        const seen = new Set<ArrayBufferLike>();
        for (const step of steps) {
          if (step % 2 === 0 && out.length < restoreLimits.runsAtOnce) {
            const taken = memory.take(restoreLimits.runBytes - step)!;
            expect(taken).toHaveLength(restoreLimits.runBytes);
            expect(out.some(({ buffer }) => buffer === taken.buffer)).toBe(false);
            out.push(taken);
            seen.add(taken.buffer);
          } else if (out.length > 0) memory.giveBack(out.splice(step % out.length, 1)[0]!.subarray(0, step));
        }
        expect(seen.size).toBeLessThanOrEqual(restoreLimits.runsAtOnce);
      }),
      { numRuns: 20 },
    );
    const memory = new RunMemory();
    expect(memory.take(restoreLimits.runBytes + 1)).toBeUndefined();
    const own = new Uint8Array(restoreLimits.runBytes);
    memory.giveBack(own);
    expect(memory.take(1)!.buffer).not.toBe(own.buffer);
  });

  it('lets no more runs be under way than it is for, first come first served', async () => {
    const memory = new RunMemory();
    const ends = await Promise.all(Array.from({ length: restoreLimits.runsAtOnce }, () => memory.turn()));
    const came: number[] = [];
    const late = [0, 1].map(async (number) => {
      const done = await memory.turn();
      came.push(number);
      return done;
    });
    await new Promise(setImmediate);
    expect(came).toEqual([]);
    ends[3]!();
    (await late[0]!)();
    (await late[1]!)();
    expect(came).toEqual([0, 1]);
  });
});
