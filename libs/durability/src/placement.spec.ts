import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { seededRandom } from '#libs/kernel/testing';
import type { DeviceState } from '#libs/contracts';
import { planPlacement, type PlacementInput } from './placement.ts';
import { expectedReplicas } from './replicas.ts';
import { defaultDurabilitySettings as settings } from './settings.ts';
import { aCandidate, aPack, aReplica, deviceNumber } from './testing/builders.ts';

const goal = { target: 3, minimum: 2 };
const plan = (input: Partial<PlacementInput>, seed = 1) =>
  planPlacement({ packs: [aPack(1)], candidates: [], goal, settings, random: seededRandom(seed), ...input });
const holders = (input: Partial<PlacementInput>, seed = 1): string[] => plan(input, seed).assignments.map((a) => a.deviceId);

describe('placement', () => {
  it('puts one copy on an anchor where there is one, whatever the draw', () => {
    const candidates = [aCandidate(1), aCandidate(2), aCandidate(3), aCandidate(4), aCandidate(5, { anchor: true, availableBytes: 2000 })];
    for (let seed = 0; seed < 40; seed += 1) expect(holders({ candidates }, seed)).toContain(deviceNumber(5));
  });

  it('puts one copy outside the owner’s site where there is one', () => {
    const candidates = [...[1, 2, 3, 4, 5, 6].map((n) => aCandidate(n)), aCandidate(7, { site: 'branch', availableBytes: 1500 })];
    for (let seed = 0; seed < 40; seed += 1) expect(holders({ candidates }, seed)).toContain(deviceNumber(7));
  });

  it('does not mistake a gone holder’s site for one that still has a copy', () => {
    const candidates = [...[1, 2, 3, 4].map((n) => aCandidate(n)), aCandidate(7, { site: 'branch', availableBytes: 1500 })];
    const packs = [aPack(1, { replicas: [aReplica(9, 'lost', { site: 'branch' })] })];
    for (let seed = 0; seed < 20; seed += 1) expect(holders({ candidates, packs }, seed)).toContain(deviceNumber(7));
  });

  it('gives index packs to five and to every anchor', () => {
    const candidates = Array.from({ length: 12 }, (_, n) => aCandidate(n + 1, { anchor: n < 7 }));
    const chosen = holders({ candidates, packs: [aPack(1, { kind: 'index' })] });
    for (let n = 1; n <= 7; n += 1) expect(chosen).toContain(deviceNumber(n));
    expect(holders({ candidates: candidates.slice(7), packs: [aPack(1, { kind: 'index' })] })).toHaveLength(5);
  });

  it('does not complain when a small team cannot hold an index pack five times', () => {
    const result = plan({ candidates: [1, 2, 3].map((n) => aCandidate(n)), packs: [aPack(1, { kind: 'index' })] });
    expect(result.assignments).toHaveLength(3);
    expect(result.shortfalls).toEqual([]);
  });

  it('prefers room over luck: the emptier of two wins', () => {
    const candidates = [aCandidate(1, { availableBytes: 5000 }), aCandidate(2, { availableBytes: 500_000 })];
    for (let seed = 0; seed < 20; seed += 1)
      expect(holders({ candidates, goal: { target: 1, minimum: 1 } }, seed)).toEqual([deviceNumber(2)]);
  });

  it('spreads many packs over equal devices', () => {
    const candidates = [1, 2, 3, 4, 5, 6].map((n) => aCandidate(n));
    const packs = Array.from({ length: 600 }, (_, n) => aPack(n));
    const load = new Map<string, number>();
    for (const { deviceId } of plan({ candidates, packs }).assignments) load.set(deviceId, (load.get(deviceId) ?? 0) + 1);
    expect([...load.values()].toSorted((a, b) => a - b)[0]).toBeGreaterThan(250);
  });

  it.each([
    ['no_other_device', [aCandidate(9, { machineId: 'machine-0' })]],
    ['nobody_awake', [aCandidate(1, { online: false }), aCandidate(2, { state: 'overdue' })]],
    ['no_space', [aCandidate(1, { availableBytes: 999 })]],
    ['all_busy', [aCandidate(1, { openSlots: 0 }), aCandidate(2, { availableBytes: 999 })]],
  ] as const)('says %s in words when nothing can be placed', (code, candidates) => {
    const { assignments, shortfalls } = plan({ candidates });
    expect(assignments).toEqual([]);
    expect(shortfalls).toEqual([
      expect.objectContaining({ code, missing: 3, reason: expect.stringMatching(/\w+/), nextStep: expect.stringMatching(/\w+/) }),
    ]);
  });

  it('floods nobody: no more packs than a device has open slots', () => {
    const candidates = [1, 2, 3, 4].map((n) => aCandidate(n, { openSlots: 5 }));
    const { assignments, shortfalls } = plan({ candidates, packs: Array.from({ length: 50 }, (_, n) => aPack(n)) });
    for (const { deviceId } of candidates) expect(assignments.filter((a) => a.deviceId === deviceId)).toHaveLength(5);
    expect(new Set(shortfalls.map((s) => s.code))).toEqual(new Set(['all_busy']));
  });

  describe('in vetting', () => {
    const old = (n: number, more = {}) => aCandidate(n, more);
    const fresh = (n: number, more = {}) => aCandidate(n, { state: 'vetting', vetted: false, availableBytes: 50_000_000, ...more });

    it('a newcomer gets what is beyond the minimum, however much room it has', () => {
      const candidates = [old(1), old(2), old(3), fresh(4, { anchor: true }), fresh(5)];
      for (let seed = 0; seed < 30; seed += 1) {
        const chosen = holders({ candidates }, seed);
        expect(chosen.filter((id) => [1, 2, 3].map(deviceNumber).includes(id as never)).length).toBeGreaterThanOrEqual(2);
        expect(chosen).toContain(deviceNumber(4));
      }
    });

    it('waits for a vetted device that sleeps and has room', () => {
      const candidates = [old(1), old(2, { online: false, state: 'asleep' }), fresh(3), fresh(4)];
      const { assignments, shortfalls } = plan({ candidates });
      expect(assignments.map((a) => a.deviceId)).toEqual([deviceNumber(1)]);
      expect(shortfalls).toEqual([expect.objectContaining({ code: 'too_few_vetted', missing: 2 })]);
    });

    it.each([
      ['all are new', [fresh(1), fresh(2), fresh(3)]],
      ['the old ones are full', [old(1, { availableBytes: 10 }), fresh(2), fresh(3), fresh(4)]],
      ['the old one is gone', [old(1, { state: 'missing', online: false }), fresh(2), fresh(3), fresh(4)]],
    ])('newcomers stand in when %s', (_, candidates) => {
      expect(holders({ candidates })).toHaveLength(3);
    });
  });

  it('says too_few_devices when everybody has it', () => {
    expect(plan({ candidates: [aCandidate(1), aCandidate(2)] }).shortfalls[0]).toMatchObject({ code: 'too_few_devices', missing: 1 });
  });

  const states: DeviceState[] = [
    'vetting',
    'reconciling',
    'active',
    'active',
    'active',
    'asleep',
    'overdue',
    'suspect',
    'missing',
    'lost',
    'draining',
    'revoked',
  ];
  const anyCandidate = (n: number) =>
    fc
      .record({
        machine: fc.integer({ min: 0, max: 14 }),
        site: fc.constantFrom('office', 'branch'),
        anchor: fc.boolean(),
        state: fc.constantFrom(...states),
        online: fc.boolean(),
        availableBytes: fc.integer({ min: 0, max: 20_000 }),
        presence: fc.double({ min: 0, max: 1, noNaN: true }),
        vetted: fc.boolean(),
      })
      .map(({ machine, ...rest }) => aCandidate(n, { ...rest, machineId: `machine-${machine}` }));
  const anyTeam = fc.integer({ min: 0, max: 14 }).chain((size) => fc.tuple(...Array.from({ length: size }, (_, n) => anyCandidate(n))));
  const anyPacks = fc.array(
    fc.record({
      kind: fc.constantFrom('data', 'meta', 'index'),
      sizeBytes: fc.integer({ min: 1, max: 8000 }),
      replicas: fc.uniqueArray(fc.integer({ min: 1, max: 14 }), { maxLength: 4 }),
      state: fc.constantFrom(...states),
    }),
    { maxLength: 12 },
  );

  it('never breaks its promises, for any team, packs and luck', () => {
    fc.assert(
      fc.property(anyTeam, anyPacks, fc.integer(), fc.integer({ min: 1, max: 5 }), (candidates, drafts, seed, target) => {
        const packs = drafts.map((d, n) =>
          aPack(n, { kind: d.kind as 'data', sizeBytes: d.sizeBytes, replicas: d.replicas.map((r) => aReplica(r, d.state)) }),
        );
        const { assignments } = plan({ packs, candidates, goal: { target, minimum: 1 } }, seed);
        const byDevice = new Map(candidates.map((c) => [c.deviceId, c]));
        const bytes = new Map<string, number>();
        for (const pack of packs) {
          const machines = new Set([pack.owner.machineId, ...pack.replicas.map((r) => r.machineId)]);
          const mine = assignments.filter((a) => a.packId === pack.packId).map((a) => byDevice.get(a.deviceId)!);
          for (const candidate of mine) {
            expect(candidate.deviceId).not.toBe(pack.owner.deviceId);
            expect(['active', 'vetting']).toContain(candidate.state);
            expect(candidate.online).toBe(true);
            expect(machines.has(candidate.machineId)).toBe(false);
            machines.add(candidate.machineId);
            bytes.set(candidate.deviceId, (bytes.get(candidate.deviceId) ?? 0) + pack.sizeBytes);
          }
          if (pack.kind !== 'index')
            expect(mine.length).toBeLessThanOrEqual(Math.max(0, Math.ceil(target - expectedReplicas(pack.replicas, pack.owner, settings))));
        }
        for (const [deviceId, given] of bytes) expect(given).toBeLessThanOrEqual(byDevice.get(deviceId as never)!.availableBytes);
      }),
      { numRuns: 400 },
    );
  });

  it('finds a place whenever there is one, and says so whenever there is none', () => {
    fc.assert(
      fc.property(anyTeam, fc.integer(), (team, seed) => {
        const candidates = team.map((c) => ({ ...c, vetted: true }));
        const { assignments, shortfalls } = plan({ candidates }, seed);
        const open = new Set(
          candidates
            .filter(
              (c) =>
                (c.state === 'active' || c.state === 'vetting') &&
                c.online &&
                c.availableBytes >= 1000 &&
                c.machineId !== 'machine-0' &&
                c.deviceId !== deviceNumber(0),
            )
            .map((c) => c.machineId),
        );
        expect(assignments).toHaveLength(Math.min(3, open.size));
        expect(shortfalls.map((s) => s.missing)).toEqual(open.size < 3 ? [3 - open.size] : []);
      }),
      { numRuns: 300 },
    );
  });
});
