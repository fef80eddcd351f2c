import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { DeviceState } from '#libs/contracts';
import type { DeviceId } from '#libs/kernel';
import { drainProgress } from './drain.ts';
import { effectiveReplicas, type Replica } from './replicas.ts';
import { defaultDurabilitySettings as settings } from './settings.ts';
import { leastKept, mayTrim, needlessPending, planTrim, type SurplusInput } from './surplus.ts';
import { aPack, aReplica, deviceNumber } from './testing/builders.ts';

const goal = { target: 3, minimum: 2 };
const day = 86_400_000;
const now = 100 * day;
const pack = (replicas: Replica[], more: Partial<SurplusInput> = {}): SurplusInput => ({
  ...aPack(1, { replicas }),
  goal,
  surplusSinceMs: now - 7 * day,
  ...more,
});
const roomOf = (deviceId: DeviceId) => ({ availableBytes: Number.parseInt(deviceId.slice(-2), 16) });
const trim = (p: SurplusInput, atMs = now) => planTrim(p, roomOf, atMs, settings);
const some = (...numbers: number[]): Replica[] => numbers.map((n) => aReplica(n));

describe('surplus', () => {
  it('is trimmed after a week, at the fullest holder first', () => {
    const five = pack(some(5, 4, 3, 2, 1));
    expect(trim(five)).toEqual([1, 2].map(deviceNumber));
    expect(trim(five, now - 1)).toEqual([]);
    expect(trim(pack(some(1, 2, 3)))).toEqual([]);
  });

  it('leaves index packs on five and on every anchor', () => {
    expect(trim(pack(some(1, 2, 3, 4, 5), { kind: 'index' }))).toEqual([]);
    const anchors = [1, 2, 3, 4, 5, 6].map((n) => aReplica(n, 'active', { anchor: true }));
    expect(trim(pack([...anchors, aReplica(7)], { kind: 'index' }))).toEqual([deviceNumber(7)]);
  });

  it('keeps the only copy on an anchor, and the only one elsewhere', () => {
    const replicas = [aReplica(1, 'active', { anchor: true }), aReplica(2, 'active', { site: 'branch' }), ...some(3, 4, 5)];
    expect(trim(pack(replicas))).toEqual([3, 4].map(deviceNumber));
  });

  it('leaves three copies, however few the policy wants', () => {
    expect(trim(pack(some(1, 2, 3, 4), { goal: { target: 1, minimum: 1 } }))).toEqual([deviceNumber(1)]);
    expect(trim(pack(some(1, 2, 3), { goal: { target: 1, minimum: 1 } }))).toEqual([]);
  });

  it('may go when the time comes only if the others still suffice', () => {
    const gone = aReplica(4, 'missing');
    expect(mayTrim(deviceNumber(4), pack([...some(1, 2, 3), gone]), settings)).toBe(true);
    expect(mayTrim(deviceNumber(4), pack([...some(1, 2), aReplica(3, 'suspect'), gone]), settings)).toBe(false);
    expect(mayTrim(deviceNumber(5), pack(some(1, 2, 3, 4)), settings)).toBe(false);
  });

  it('does not let a copy go for one that is doubted, leaving or new', () => {
    for (const state of ['overdue', 'suspect', 'missing', 'reconciling', 'draining'] as const)
      expect(trim(pack([...some(1, 2, 3), aReplica(4, state)]))).toEqual([]);
    expect(trim(pack([...some(1, 2, 3), aReplica(4, 'active', { vetted: false })]))).toEqual([]);
    expect(trim(pack([...some(1, 2, 3), aReplica(4, 'active', { status: 'pending' })]))).toEqual([]);
  });

  const states: DeviceState[] = ['active', 'active', 'active', 'asleep', 'overdue', 'suspect', 'missing', 'reconciling', 'draining'];
  const anyReplicas = fc.uniqueArray(
    fc.record({
      n: fc.integer({ min: 0, max: 12 }),
      machine: fc.integer({ min: 0, max: 12 }),
      state: fc.constantFrom(...states),
      anchor: fc.boolean(),
      site: fc.constantFrom('office', 'branch'),
      held: fc.boolean(),
      vetted: fc.boolean(),
    }),
    { selector: (r) => r.n, maxLength: 10 },
  );

  it('never takes a pack below its target, whoever holds it', () => {
    fc.assert(
      fc.property(anyReplicas, fc.integer({ min: 1, max: 5 }), fc.constantFrom('data', 'index'), (drafts, target, kind) => {
        const replicas = drafts.map(({ n, machine, state, held, ...rest }) =>
          aReplica(n, state, { machineId: `machine-${machine}`, status: held ? 'held' : 'pending', ...rest }),
        );
        const p = pack(replicas, { goal: { target, minimum: 1 }, kind: kind as 'data' });
        const gone = trim(p);
        const rest = replicas.filter((r) => !gone.includes(r.deviceId));
        const reliable = rest.filter((r) => r.state === 'active' || r.state === 'asleep');
        if (gone.length > 0) expect(effectiveReplicas(reliable, p.owner, settings)).toBeGreaterThanOrEqual(Math.max(target, leastKept));
        // What is carried out one by one is judged by the same measure.
        if (gone.length > 0) expect(mayTrim(gone[0]!, p, settings)).toBe(true);
        expect(needlessPending(p, settings).every((id) => replicas.some((r) => r.deviceId === id && r.status === 'pending'))).toBe(true);
      }),
      { numRuns: 500 },
    );
  });

  it('of copies on their way: those that a return made needless', () => {
    const waiting = aReplica(4, 'active', { status: 'pending' });
    expect(needlessPending(pack([...some(1, 2, 3), waiting]), settings)).toEqual([deviceNumber(4)]);
    expect(needlessPending(pack([...some(1, 2), waiting]), settings)).toEqual([]);
    expect(needlessPending(pack([...some(1, 2), aReplica(3, 'draining'), waiting]), settings)).toEqual([]);
    expect(needlessPending(pack([...some(1, 2), aReplica(3, 'suspect'), waiting]), settings)).toEqual([]);
    expect(needlessPending(pack([...some(1, 2), aReplica(3, 'reconciling'), waiting]), settings)).toEqual([deviceNumber(4)]);
  });
});

describe('progress of a drain', () => {
  it('counts what would be missing without the leaver', () => {
    const leaver = aReplica(9, 'draining');
    const packs = [pack([leaver, ...some(1, 2, 3)]), pack([leaver, ...some(1, 2)]), pack([leaver, ...some(1)]), pack([leaver])];
    expect(drainProgress(deviceNumber(9), packs, settings)).toEqual({ packs: 4, stillNeeded: 3, belowMinimumWithout: 2 });
  });

  it('does not count on another leaver', () => {
    const two = pack([aReplica(9, 'draining'), aReplica(8, 'draining'), ...some(1, 2)]);
    expect(drainProgress(deviceNumber(9), [two], settings)).toMatchObject({ stillNeeded: 1, belowMinimumWithout: 0 });
  });
});
