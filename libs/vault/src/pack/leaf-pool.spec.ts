import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { limits } from '../limits.ts';
import { LeafPool } from './leaf-pool.ts';

const { leafBytes } = limits;
/** Three open packs, and six on their way. */
const leaves = 9;
/** Bytes of a chunk. */
const [large, small] = [leafBytes, 4_096];

describe('LeafPool', () => {
  it('gives every leaf once, those behind another only when they are free, and takes all of them back', () => {
    const memory = new Uint8Array(leaves * leafBytes);
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.constantFrom('take', 'take for small', 'behind', 'give'), fc.nat(leaves - 1), fc.nat(leaves - 1)), {
          maxLength: 60,
        }),
        (steps) => {
          const pool = new LeafPool(3, () => memory);
          const held: number[] = [];
          const numberOf = (leaf: Uint8Array): number => {
            expect([leaf.buffer, leaf.length, leaf.byteOffset % leafBytes]).toEqual([memory.buffer, leafBytes, 0]);
            return leaf.byteOffset / leafBytes;
          };
          const leafOf = (number: number): Uint8Array => memory.subarray(number * leafBytes, (number + 1) * leafBytes);
          for (const [step, which, count] of steps) {
            const chosen = held[which % Math.max(1, held.length)];
            if (step === 'take' || step === 'take for small') {
              const leaf = step === 'take' ? pool.take(large) : pool.take(small);
              expect(leaf === undefined).toBe(held.length === leaves);
              if (!leaf) continue;
              expect(held).not.toContain(numberOf(leaf));
              held.push(numberOf(leaf));
            } else if (chosen === undefined) continue;
            else if (step === 'give') {
              held.splice(held.indexOf(chosen), 1);
              pool.give(leafOf(chosen));
            } else {
              const wanted = Array.from({ length: count }, (_, i) => chosen + 1 + i);
              const behind = pool.takeBehind(leafOf(chosen), count, large);
              expect(behind?.map(numberOf)).toEqual(wanted.every((one) => one < leaves && !held.includes(one)) ? wanted : undefined);
              if (behind) held.push(...wanted);
            }
          }
        },
      ),
    );
  });

  it('begins where most leaves behind are free, so that a chunk has room in one piece', () => {
    const pool = new LeafPool(3);
    const first = pool.take(large)!;
    expect(pool.takeBehind(first, 2, large)).toHaveLength(2);
    const second = pool.take(large)!;
    pool.give(first);
    // One free leaf lies before the three, two lie behind the second.
    expect(pool.take(large)!.byteOffset).toBe(second.byteOffset + leafBytes);
  });

  it('uses no more of its memory than small chunks need at the same time', () => {
    const pool = new LeafPool(3);
    const first = pool.take(small)!;
    const second = pool.take(small)!;
    expect(second.byteOffset).toBe(first.byteOffset + leafBytes);
    expect(pool.takeBehind(second, 1, small)).toBeUndefined();
    expect(pool.takeBehind(second, 0, small)).toEqual([]);
    pool.give(first);
    expect(pool.take(small)!.byteOffset).toBe(first.byteOffset);
    pool.give(second);
    expect(pool.take(small)!.byteOffset).toBe(second.byteOffset);
  });

  it('gives the next one that comes back to whoever waits', async () => {
    const pool = new LeafPool(0);
    const all = Array.from({ length: leaves - 3 }, () => pool.take(large)!);
    expect(pool.take(large)).toBeUndefined();
    const next = pool.next();
    pool.give(all[2]!);
    expect(await next).toBe(all[2]);
    expect(pool.take(large)).toBeUndefined();
  });
});
