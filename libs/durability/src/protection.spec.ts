import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { PackBitmap } from './pack-bitmap.ts';
import { applyReplicaChanges, protectionOf, snapshotProtection } from './protection.ts';

const goal = { target: 3, minimum: 2 };
const ordinal = fc.integer({ min: 0, max: 400 });
const effective = fc.constantFrom(0, 0.5, 1, 1.5, 2, 2.5, 3, 4);

describe('pack bitmap', () => {
  it('gives back what went in, and nothing else', () => {
    fc.assert(
      fc.property(fc.uniqueArray(ordinal), ordinal, (list, probe) => {
        const bitmap = PackBitmap.fromOrdinals(list);
        expect([...bitmap.ordinals()]).toEqual(list.toSorted((a, b) => a - b));
        expect(bitmap.count()).toBe(list.length);
        expect(bitmap.has(probe)).toBe(list.includes(probe));
        expect([...PackBitmap.fromBytes(bitmap.bytes).ordinals()]).toEqual([...bitmap.ordinals()]);
      }),
    );
  });

  it('numbers bits from the least significant', () => {
    expect([...PackBitmap.fromOrdinals([0, 9]).bytes]).toEqual([1, 2]);
  });

  it('knows subsets of any length', () => {
    fc.assert(
      fc.property(fc.uniqueArray(ordinal), fc.uniqueArray(ordinal), (a, b) => {
        expect(PackBitmap.fromOrdinals(a).within(PackBitmap.fromOrdinals(b))).toBe(a.every((n) => b.includes(n)));
      }),
    );
  });

  it('refuses ordinals beyond its limit before it allocates', () => {
    expect(() => PackBitmap.fromOrdinals([0xffff_ffff])).toThrow(expect.objectContaining({ code: 'bitmap_too_large' }));
  });
});

describe('protection of a snapshot', () => {
  it.each([
    [[3, 3, 4], 'full'],
    [[3, 2, 3], 'protected'],
    [[3, 1.5, 3], 'captured'],
    [[], 'full'],
  ] as const)('%j is %s', (counts, protection) => {
    const needed = PackBitmap.fromOrdinals(counts.map((_, n) => n));
    expect(protectionOf(snapshotProtection(needed, (n) => counts[n] ?? 0, goal))).toBe(protection);
  });

  it('counts a pack that nobody announced as having no copy', () => {
    expect(snapshotProtection(PackBitmap.fromOrdinals([7]), () => 0, goal)).toEqual({ packs: 1, belowMinimum: 1, belowTarget: 1 });
  });

  it('gives the same by changes as from scratch', () => {
    fc.assert(
      fc.property(
        fc.uniqueArray(ordinal),
        fc.dictionary(ordinal.map(String), effective),
        fc.dictionary(ordinal.map(String), effective),
        (list, before, changed) => {
          const needed = PackBitmap.fromOrdinals(list);
          const old = (n: number): number => before[n] ?? 0;
          const now = (n: number): number => changed[n] ?? old(n);
          const changes = Object.keys(changed).map((n) => ({ ordinal: Number(n), before: old(Number(n)), after: now(Number(n)) }));
          expect(applyReplicaChanges(snapshotProtection(needed, old, goal), needed, changes, goal)).toEqual(
            snapshotProtection(needed, now, goal),
          );
        },
      ),
    );
  });
});
