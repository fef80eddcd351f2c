import { describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import { seededRandom } from '#libs/kernel/testing';
import { answerTimeMs, auditBatchSize, firstAuditAtMs, nextAuditAtMs, nextLookAtMs, retryAuditAtMs } from './audit-schedule.ts';
import { defaultAuditSettings as settings } from './audit-settings.ts';
import type { HolderFailure } from './audit-verdict.ts';
import {
  auditCause,
  auditScore,
  crossVerdict,
  holderCleared,
  holderVerdict,
  isFailure,
  slowResult,
  unansweredResult,
} from './audit-verdict.ts';
import { deviceNumber } from './testing/builders.ts';

const seed = fc.integer({ min: 0, max: 0xffff_ffff });
const now = fc.integer({ min: 0, max: 4e12 });
const day = 86_400_000;

describe('when a replica is audited', () => {
  it('is after now and within the period, whatever is drawn', () => {
    fc.assert(
      fc.property(seed, now, (s, nowMs) => {
        const random = seededRandom(s);
        const next = nextAuditAtMs(nowMs, settings, random) - nowMs;
        const first = firstAuditAtMs(nowMs, settings, random) - nowMs;
        expect(next).toBeGreaterThan(0);
        expect(next).toBeLessThanOrEqual(settings.latestShare * settings.periodMs);
        expect(first).toBeGreaterThan(0);
        expect(first).toBeLessThanOrEqual(day);
      }),
    );
  });

  it('does not become less likely by having just been audited: as many in the first day as in the fifth, of those still waiting', () => {
    const random = seededRandom(5);
    const draws = Array.from({ length: 40_000 }, () => nextAuditAtMs(0, settings, random));
    const hazard = (fromDay: number): number => {
      const waiting = draws.filter((d) => d > fromDay * day);
      return waiting.filter((d) => d <= (fromDay + 1) * day).length / waiting.length;
    };
    for (const d of [0, 1, 4, 8, 11]) expect(hazard(d)).toBeCloseTo(1 - Math.exp(-1 / 20), 1.9);
    expect(draws.reduce((sum, d) => sum + d, 0) / draws.length / day).toBeCloseTo(9.56, 0);
  });

  it('is tried again later and later, never later than a fifteenth of the period and a half', () => {
    fc.assert(
      fc.property(seed, fc.integer({ min: 0, max: 60 }), (s, tries) => {
        const pause = retryAuditAtMs(0, tries, settings, seededRandom(s));
        expect(pause).toBeGreaterThanOrEqual(settings.retryMs / 2);
        expect(pause).toBeLessThanOrEqual((settings.periodMs / 15) * 1.5 + 1);
      }),
    );
  });

  it('looks sooner at a holder that is behind', () => {
    fc.assert(
      fc.property(seed, (s) => {
        expect(nextLookAtMs(0, true, settings, seededRandom(s))).toBeLessThan(nextLookAtMs(0, false, settings, seededRandom(s)));
      }),
    );
  });
});

describe('one batch', () => {
  it('is bounded in packs and bytes, takes at least one, and as many as fit', () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 1, max: 2 ** 30 }), { maxLength: 80 }),
        fc.constantFrom('workstation', 'anchor'),
        (sizes, holder) => {
          const n = auditBatchSize(sizes, holder, settings);
          const bytes = sizes.slice(0, n).reduce((sum, size) => sum + size, 0);
          expect(n).toBeLessThanOrEqual(settings.batchPacks);
          if (sizes.length > 0) expect(n).toBeGreaterThan(0);
          if (n > 1) expect(bytes).toBeLessThanOrEqual(settings.batchBytes[holder]);
          if (n < sizes.length && n < settings.batchPacks) expect(bytes + sizes[n]!).toBeGreaterThan(settings.batchBytes[holder]);
        },
      ),
    );
  });

  it('has time to be read', () => {
    expect(answerTimeMs(0, settings)).toBe(120_000);
    expect(answerTimeMs(512 * 2 ** 20, settings)).toBe(120_000 + 53_688);
  });
});

describe('what became of an audit', () => {
  it('blames nobody who was offline, and nobody before three retries', () => {
    fc.assert(
      fc.property(fc.nat(20), fc.boolean(), (tries, online) => {
        expect(unansweredResult(tries, online, settings)).toBe(online && tries >= 3 ? 'unanswered' : 'timed_out');
        expect(slowResult(tries, settings)).toBe(tries >= 3 ? 'slow' : 'timed_out');
      }),
    );
    expect(isFailure('timed_out')).toBe(false);
    expect(isFailure('slow')).toBe(true);
  });

  it('takes agreement of two as proof, any difference as a dispute, one answer as nothing', () => {
    const answers = fc.uniqueArray(fc.record({ n: fc.nat(9), answer: fc.option(fc.constantFrom('x', 'y'), { nil: null }) }), {
      selector: (a) => a.n,
      maxLength: 6,
    });
    fc.assert(
      fc.property(answers, (list) => {
        const verdict = crossVerdict(list.map(({ n, answer }) => ({ deviceId: deviceNumber(n), answer })));
        const given = list.filter((a) => a.answer !== null);
        const kinds = new Set(given.map((a) => a.answer)).size;
        expect(verdict.kind).toBe(given.length < 2 ? 'open' : kinds === 1 ? 'agreed' : 'disputed');
        if (verdict.kind === 'agreed') expect([...verdict.passed].sort()).toEqual(given.map((a) => deviceNumber(a.n)).sort());
      }),
    );
    // One holder alone can't agree with itself.
    const twice = [0, 0].map((n) => ({ deviceId: deviceNumber(n), answer: 'x' }));
    expect(crossVerdict(twice)).toEqual({ kind: 'open' });
  });
});

describe('a holder as a whole', () => {
  const failure = (atMs: number, owner: number, proved: boolean): HolderFailure => ({ atMs, ownerDeviceId: deviceNumber(owner), proved });
  const failures = fc.array(fc.record({ atMs: fc.nat(3 * day), owner: fc.nat(3), proved: fc.boolean() }), { maxLength: 12 });

  it('is quarantined by three failures of a day, and says why', () => {
    const list = [0, 1, 2].map((n) => failure(2 * day - n * 3_600_000, 1, true));
    expect(holderVerdict(list, 2 * day, settings)).toMatchObject({ quarantine: true, reason: /Failed 3 audits within 1 day/ });
    expect(holderVerdict(list.slice(1), 2 * day, settings)).toEqual({ quarantine: false });
    expect(holderVerdict(list, 4 * day, settings)).toEqual({ quarantine: false });
  });

  it('is never quarantined by the word of one owner alone', () => {
    fc.assert(
      fc.property(failures, fc.nat(3), (list, owner) => {
        const word = list.map((f) => failure(f.atMs, owner, false));
        expect(holderVerdict(word, 3 * day, settings).quarantine).toBe(false);
      }),
    );
  });

  it('is judged no better for one failure more', () => {
    fc.assert(
      fc.property(failures, fc.nat(3 * day), fc.nat(3), fc.boolean(), (list, atMs, owner, proved) => {
        const before = list.map((f) => failure(f.atMs, f.owner, f.proved));
        const after = [...before, failure(atMs, owner, proved)];
        if (holderVerdict(before, 3 * day, settings).quarantine) expect(holderVerdict(after, 3 * day, settings).quarantine).toBe(true);
      }),
    );
  });

  it('is believed again after twenty passes in a row and a day', () => {
    const at = (passedInARow: number, nowMs: number): boolean => holderCleared({ quarantinedAtMs: 0, passedInARow }, nowMs, settings);
    expect([at(20, day), at(19, day), at(20, day - 1)]).toEqual([true, false, false]);
  });

  it('has a score that falls with failures and rises with passes', () => {
    fc.assert(
      fc.property(fc.nat(10_000), fc.nat(100), (passed, failed) => {
        const score = auditScore({ passed, failed });
        expect(score).toBeGreaterThan(0);
        expect(score).toBeLessThanOrEqual(1);
        expect(auditScore({ passed, failed: failed + 1 })).toBeLessThan(score);
        expect(auditScore({ passed: passed + 1, failed })).toBeGreaterThanOrEqual(score);
      }),
    );
    expect(auditScore({ passed: 0, failed: 0 })).toBe(1);
  });

  it('is told every cause in words that name the owner', () => {
    for (const result of ['wrong', 'missing', 'unreadable', 'unanswered', 'slow', 'rot'] as const)
      expect(auditCause(result, 'laptop-7')).toMatch(/laptop-7.*no longer counts/);
  });
});
