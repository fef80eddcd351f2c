import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { seededRandom } from '#libs/kernel/testing';
import { evaluateAllowance } from './allowance.ts';
import { evaluateRebuild, returnSample, showsLoss } from './reconcile.ts';
import { defaultDurabilitySettings as settings } from './settings.ts';
import { packNumber } from './testing/builders.ts';

const packs = (count: number) => Array.from({ length: count }, (_, n) => packNumber(n));
const sample = (count: number, seed: number) => returnSample(packs(count), count, settings, seededRandom(seed));

describe('sample of what a returned device holds', () => {
  it.each([
    [0, 0],
    [1, 1],
    [100, 1],
    [101, 2],
    [5000, 50],
  ])('of %d packs are %d', (count, size) => {
    const chosen = sample(count, 1);
    expect(chosen).toHaveLength(size);
    expect(new Set(chosen).size).toBe(size);
  });

  it('may be any of them, the first and the last alike', () => {
    const chosen = new Set(Array.from({ length: 200 }, (_, seed) => sample(20, seed)).flat());
    expect(chosen.size).toBe(20);
  });
});

describe('after the coordinator was restored', () => {
  const facts = { sinceMs: 1, known: 40, reported: 37, released: false };
  it.each([
    ['too few reported', {}, true],
    ['95 % reported', { reported: 38 }, false],
    ['an admin says go', { reported: 0, released: true }, false],
    ['nothing was restored', { sinceMs: null, reported: 0 }, false],
    ['there is nobody', { known: 0, reported: 0 }, false],
  ])('%s: frozen is %s', (_, more, frozen) => expect(evaluateRebuild({ ...facts, ...more }, settings).frozen).toBe(frozen));

  it('says how many are missing', () => {
    expect(evaluateRebuild(facts, settings)).toMatchObject({
      reason: expect.stringContaining('37 of 40'),
      nextStep: expect.stringMatching(/\w/),
    });
  });
});

describe('what a device was told shows that the coordinator lost something', () => {
  const present = { memoryId: 'present', mark: 10 };
  const past = new Set(['past']);
  it.each([
    ['as far as the coordinator', 'present', 10, false],
    ['less far', 'present', 3, false],
    ['further than the coordinator: an older copy was put back', 'present', 11, true],
    ['a memory that ended, however far', 'past', 1000, false],
    ['a memory that it knows nothing of: emptied, or older than that memory', 'unknown', 1, true],
  ])('%s', (_, memoryId, mark, loss) => expect(showsLoss({ memoryId, mark }, present, past)).toBe(loss));
});

describe('allowance', () => {
  const GB = 1e9;
  const facts = { offeredBytes: 200 * GB, usedBytes: 250 * GB, teamOfferedBytes: 1000 * GB, teamFreeBytes: 100 * GB };
  it.each([
    ['over what it offers, and room is scarce', {}, true],
    ['over what it offers, with room for all', { teamFreeBytes: 200 * GB }, false],
    ['within what it offers', { usedBytes: 200 * GB }, false],
    ['offers nothing, within what everybody may have', { offeredBytes: 0, usedBytes: 50 * GB }, false],
    ['offers nothing, over that', { offeredBytes: 0, usedBytes: 51 * GB }, true],
  ])('%s: %s', (_, more, over) => expect(evaluateAllowance({ ...facts, ...more }, settings).over).toBe(over));

  it('never shrinks when more is offered', () => {
    const bytes = fc.integer({ min: 0, max: 2000 }).map((n) => n * GB);
    fc.assert(
      fc.property(bytes, bytes, bytes, (offered, more, used) => {
        const at = (offeredBytes: number) => evaluateAllowance({ ...facts, usedBytes: used, offeredBytes }, settings);
        expect(at(offered + more).allowanceBytes).toBeGreaterThanOrEqual(at(offered).allowanceBytes);
        if (!at(offered).over) expect(at(offered + more).over).toBe(false);
      }),
    );
  });
});
