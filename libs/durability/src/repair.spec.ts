import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { seededRandom } from '#libs/kernel/testing';
import type { DeviceState } from '#libs/contracts';
import { planBreaker } from './breaker.ts';
import { CandidatePool } from './candidate-pool.ts';
import { planRepair, type RepairInput } from './repair.ts';
import { effectiveReplicas, expectedReplicas } from './replicas.ts';
import { defaultDurabilitySettings as settings } from './settings.ts';
import { aCandidate, aPack, aReplica, deviceNumber, packNumber } from './testing/builders.ts';

const goal = { target: 3, minimum: 2 };
const team = Array.from({ length: 9 }, (_, n) => aCandidate(n + 1));
type Pack = RepairInput['packs'][number];
const pack = (n: number, replicas: Pack['replicas'], more: Partial<Pack> = {}): Pack => ({
  ...aPack(n, { replicas }),
  goal,
  ownerOnline: true,
  ...more,
});
const repair = (packs: Pack[], more: Partial<RepairInput> = {}) =>
  planRepair({ packs, candidates: team, breaker: { open: false }, settings, random: seededRandom(1), ...more });

describe('repair', () => {
  it('leaves naps above the minimum alone', () => {
    const states: DeviceState[] = ['active', 'asleep', 'overdue', 'suspect'];
    for (const state of states) expect(repair([pack(1, [aReplica(1), aReplica(2), aReplica(3, state)])]).assignments).toEqual([]);
  });

  it('acts when suspicion takes a pack below the minimum', () => {
    const plan = repair([pack(1, [aReplica(1), aReplica(2, 'suspect')], { goal: { target: 2, minimum: 2 } })]);
    expect(plan.assignments).toEqual([expect.objectContaining({ cause: 'repair', effective: 1.5 })]);
  });

  it.each<DeviceState>(['missing', 'lost', 'revoked', 'draining'])('restores to the target when a holder is %s', (state) => {
    const plan = repair([pack(1, [aReplica(1), aReplica(2), aReplica(3, state)])]);
    expect(plan.assignments).toHaveLength(1);
    expect(plan.assignments[0]).toMatchObject({ cause: 'repair' });
    expect([1, 2, 3].map(deviceNumber)).not.toContain(plan.assignments[0]!.deviceId);
  });

  it('does not send again what is on its way', () => {
    expect(
      repair([pack(1, [aReplica(1), aReplica(2), aReplica(3, 'lost'), aReplica(4, 'active', { status: 'pending' })])]).assignments,
    ).toEqual([]);
  });

  it('serves the fewest copies first, and among equals the index', () => {
    const one = [aReplica(1), aReplica(2, 'lost'), aReplica(3, 'lost')];
    const two = [aReplica(1), aReplica(2), aReplica(3, 'lost')];
    const packs = [pack(1, two), pack(2, one), pack(3, one, { kind: 'index' }), pack(4, [aReplica(1, 'lost'), aReplica(2, 'suspect')])];
    const order = [...new Set(repair(packs).assignments.map((a) => a.packId))];
    expect(order).toEqual([4, 3, 2, 1].map(packNumber));
  });

  it('copies from holders that are awake, the owner first, never from the gone', () => {
    const candidates = [...team, aCandidate(0)];
    const replicas = [aReplica(1), aReplica(2, 'draining'), aReplica(3, 'lost')];
    expect(repair([pack(1, replicas)], { candidates }).assignments[0]!.sources).toEqual([0, 1, 2].map(deviceNumber));
    expect(repair([pack(1, replicas, { ownerOnline: false })], { candidates }).assignments[0]!.sources).toEqual([1, 2].map(deviceNumber));
  });

  it('names packs that nobody can give just now', () => {
    const plan = repair([pack(1, [aReplica(1, 'lost')], { ownerOnline: false })]);
    expect(plan).toMatchObject({ assignments: [], unreachable: [packNumber(1)] });
  });

  it('stands still while the breaker is open, yet places new packs', () => {
    const breaker = { open: true, sinceMs: 0, calmSinceMs: null, reason: 'outage', nextStep: 'wait' } as const;
    const plan = repair([pack(1, [aReplica(1), aReplica(2, 'missing'), aReplica(3, 'missing')]), pack(2, [])], { breaker });
    expect(plan.frozen).toBe('outage');
    expect(plan.unmet).toEqual([{ packId: packNumber(1), code: 'outage' }]);
    expect(new Set(plan.assignments.map((a) => a.packId))).toEqual(new Set([packNumber(2)]));
    expect(plan.assignments.every((a) => a.cause === 'placement')).toBe(true);
  });

  it('says of every pack that still wants copies why, index packs beyond the goal too', () => {
    const candidates = team.slice(0, 3);
    const plan = repair([pack(1, [], { kind: 'index' }), pack(2, []), pack(3, [], { ownerOnline: false })], { candidates });
    expect(plan.shortfalls).toEqual([]);
    expect(plan.unmet).toEqual([
      { packId: packNumber(1), code: 'too_few_devices' },
      { packId: packNumber(3), code: 'no_source' },
    ]);
  });

  it('stops at the size of one plan and says that there is more', () => {
    const small = { ...settings, repair: { ...settings.repair, maxAssignments: 2 } };
    expect(repair([pack(1, []), pack(2, [])], { settings: small }).more).toBe(true);
  });

  it('keeps to its share of the slots while two copies are left, and to none when one is', () => {
    const candidates = team.map((c) => ({ ...c, openSlots: 10, repairSlots: 2 }));
    const broken = (copies: number) => (n: number) =>
      pack(
        n,
        Array.from({ length: 3 }, (_, r) => aReplica(20 + ((n + r) % 9), r < copies ? 'active' : 'lost')),
      );
    const many = (copies: number) => Array.from({ length: 200 }, (_, n) => broken(copies)(n));
    expect(repair(many(2), { candidates }).assignments).toHaveLength(9 * 2);
    expect(repair(many(1), { candidates }).assignments).toHaveLength(9 * 10);
    expect(repair(many(2), { candidates }).unmet.every(({ code }) => code === 'all_busy')).toBe(true);
  });

  it('refuses new data over the allowance, and repairs what was placed all the same', () => {
    const plan = repair([pack(1, [], { overAllowance: true }), pack(2, [aReplica(1), aReplica(2, 'lost')], { overAllowance: true })]);
    expect(plan.unmet).toEqual([{ packId: packNumber(1), code: 'over_allowance' }]);
    expect(new Set(plan.assignments.map((a) => a.packId))).toEqual(new Set([packNumber(2)]));
  });

  it('plans in parts as it plans in one: a pool remembers what it gave', () => {
    const pool = new CandidatePool(
      team.map((c) => ({ ...c, openSlots: 3 })),
      settings,
      seededRandom(2),
    );
    const given = [0, 1, 2, 3].map((part) => repair([pack(part, []), pack(part + 10, [])], { candidates: pool }).assignments.length);
    expect(given).toEqual([6, 6, 6, 6]);
    expect(
      repair(
        Array.from({ length: 9 }, (_, n) => pack(n + 20, [])),
        { candidates: pool },
      ).assignments,
    ).toHaveLength(3);
  });

  const states: DeviceState[] = ['active', 'asleep', 'overdue', 'suspect', 'reconciling', 'missing', 'lost', 'draining', 'revoked'];
  const anyPack = fc
    .record({
      replicas: fc.uniqueArray(fc.record({ n: fc.integer({ min: 1, max: 9 }), state: fc.constantFrom(...states), held: fc.boolean() }), {
        maxLength: 6,
        selector: (r) => r.n,
      }),
      target: fc.integer({ min: 1, max: 5 }),
      minimum: fc.integer({ min: 1, max: 5 }),
      ownerOnline: fc.boolean(),
    })
    .filter((p) => p.minimum <= p.target);

  it('never exceeds the target, and ends below the minimum only when it says so', () => {
    fc.assert(
      fc.property(fc.array(anyPack, { maxLength: 10 }), fc.integer(), (drafts, seed) => {
        const packs = drafts.map((d, n) =>
          pack(
            n,
            d.replicas.map((r) => aReplica(r.n, r.state, { status: r.held ? 'held' : 'pending' })),
            { goal: { target: d.target, minimum: d.minimum }, ownerOnline: d.ownerOnline },
          ),
        );
        const states = new Map<string, DeviceState>();
        const candidates = team.map((c) => ({ ...c, state: states.get(c.deviceId) ?? c.state }));
        const plan = repair(packs, { candidates, random: seededRandom(seed) });
        for (const p of packs) {
          const mine = plan.assignments.filter((a) => a.packId === p.packId);
          const before = expectedReplicas(p.replicas, p.owner, settings);
          if (mine.length > 0) expect(before + mine.length - 1).toBeLessThan(p.goal.target);
          const told = plan.unreachable.includes(p.packId) || plan.shortfalls.some((s) => s.packId === p.packId);
          if (!told) expect(before + mine.length).toBeGreaterThanOrEqual(p.goal.minimum);
          for (const a of mine) expect(a.sources.length).toBeGreaterThan(0);
        }
        const effective = plan.assignments.map((a) => a.effective);
        expect(effective).toEqual(effective.toSorted((a, b) => a - b));
        for (const a of plan.assignments)
          expect(a.effective).toBe(effectiveReplicas(packs.find((p) => p.packId === a.packId)!.replicas, packs[0]!.owner, settings));
      }),
      { numRuns: 400 },
    );
  });
});

describe('outage breaker', () => {
  const now = 1_000_000_000;
  const devices = (gone: number, total: number, sinceMs = now, marked = false) =>
    Array.from({ length: total }, (_, n) => ({
      state: n < gone ? ('missing' as const) : ('active' as const),
      stateSinceMs: sinceMs,
      // Each was last heard of an hour after the one before: only when it was found missing is common to them.
      lastSeenAtMs: sinceMs - (n + 1) * 3_600_000,
      marked,
    }));

  it.each([
    ['3 of 9 at once', 3, 9, true],
    ['3 of 10 at once: not more than 30 %', 3, 10, false],
    ['2 of 4 at once: two is no pattern', 2, 4, false],
    ['all of 3', 3, 3, true],
  ])('%s', (_, gone, total, open) => {
    expect(planBreaker({ open: false }, devices(gone, total), now, settings).open).toBe(open);
  });

  it('opens for those that fell silent at once, however long ago and however slowly they were found', () => {
    const cut = devices(4, 9).map((d, n) => ({
      ...d,
      stateSinceMs: now - n * 3_600_000,
      lastSeenAtMs: n < 4 ? now - 5e8 + n * 60_000 : now,
    }));
    const suspects = cut.map((d) => (d.state === 'missing' ? { ...d, state: 'suspect' as const } : d));
    for (const team of [cut, suspects]) expect(planBreaker({ open: false }, team, now, settings).open).toBe(true);
    const spread = cut.map((d, n) => ({ ...d, lastSeenAtMs: d.lastSeenAtMs - n * 11 * 60_000 }));
    expect(planBreaker({ open: false }, spread, now, settings).open).toBe(false);
  });

  it('does not open for a team that sleeps', () => {
    const asleep = Array.from({ length: 50 }, () => ({
      state: 'asleep' as const,
      stateSinceMs: now,
      lastSeenAtMs: now - 60_000,
      marked: false,
    }));
    expect(planBreaker({ open: false }, asleep, now, settings).open).toBe(false);
  });

  it('does not open for those that went one by one', () => {
    expect(planBreaker({ open: false }, devices(5, 9, now - settings.breaker.windowMs - 1), now, settings).open).toBe(false);
  });

  it('stays open after the window, closes when they return, and ignores those that a person marked', () => {
    const open = planBreaker({ open: false }, devices(5, 9), now, settings);
    const later = now + 10 * settings.breaker.windowMs;
    expect(planBreaker(open, devices(5, 9), later, settings)).toMatchObject({
      open: true,
      sinceMs: now,
      reason: expect.stringContaining('5 of 9'),
    });
    const calm = planBreaker(open, devices(2, 9), later, settings);
    expect(calm).toMatchObject({ open: true, calmSinceMs: later, reason: expect.stringContaining('last 2 of 9') });
    const { graceMs } = settings.breaker;
    expect(planBreaker(calm, devices(2, 9), later + graceMs - 1, settings)).toMatchObject({ open: true, calmSinceMs: later });
    expect(planBreaker(calm, devices(2, 9), later + graceMs, settings)).toEqual({ open: false });
    expect(planBreaker(calm, devices(5, 9), later + graceMs, settings)).toMatchObject({ open: true, calmSinceMs: null });
    expect(planBreaker(open, devices(0, 9), later, settings)).toEqual({ open: false });
    expect(planBreaker(open, devices(5, 9, now, true), later, settings)).toEqual({ open: false });
  });
});
