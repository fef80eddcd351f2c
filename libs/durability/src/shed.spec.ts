import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { PackKind } from '#libs/contracts';
import type { DeviceId, PackId } from '#libs/kernel';
import { seededRandom } from '#libs/kernel/testing';
import type { Candidate } from './candidate.ts';
import { planRepair } from './repair.ts';
import { effectiveReplicas, type Replica } from './replicas.ts';
import { defaultDurabilitySettings as settings } from './settings.ts';
import { bytesToFind, noShed, shedAfterHeartbeat, type ShedState } from './shed-need.ts';
import { goalWhileLeaving, type ShedObstacle, type ShedPack, ShedRoom, shedWay } from './shed-way.ts';
import { shedWords } from './shed-words.ts';
import { planShed, type ShedInput } from './shed.ts';
import { mayTrim } from './surplus.ts';
import { aCandidate, aPack, aReplica, deviceNumber } from './testing/builders.ts';

const minute = 60_000;
const day = 24 * 60 * minute;
/** The device whose disk is short. */
const full = deviceNumber(1);
const goal = { target: 3, minimum: 2 };
const some = (...numbers: number[]): Replica[] => numbers.map((n) => aReplica(n));
const pack = (n: number, replicas: Replica[], more: Partial<ShedPack & { marked: boolean }> = {}): ShedInput['packs'][number] => ({
  ...aPack(n, { replicas }),
  ...{ goal, ownerGone: false, marked: false },
  ...more,
});
const team = (size: number, more: Partial<Candidate> = {}): Candidate[] => Array.from({ length: size }, (_, n) => aCandidate(n, more));
const plan = (packs: ShedInput['packs'], over: Partial<ShedInput> = {}) =>
  planShed({ holder: full, packs, candidates: team(8), bytes: 1000, copyBytesLeft: settings.shed.copyBytesPerDay, settings, ...over });

describe('a disk that is short', () => {
  it.each<[string, [number, number][], (keyof ShedState)[]]>([
    ['for a moment', [[0, 5]], ['shortSinceMs']],
    [
      'until just before it counts',
      [
        [0, 5],
        [29 * minute, 5],
      ],
      ['shortSinceMs'],
    ],
    [
      'for half an hour',
      [
        [0, 5],
        [30 * minute, 9],
      ],
      ['shortSinceMs', 'begunAtMs'],
    ],
    [
      'now and then',
      [
        [0, 5],
        [20 * minute, 0],
        [40 * minute, 5],
      ],
      ['shortSinceMs'],
    ],
    [
      'and has room again',
      [
        [0, 5],
        [30 * minute, 5],
        [40 * minute, 0],
      ],
      ['begunAtMs', 'calmSinceMs'],
    ],
    [
      'again within a day',
      [
        [0, 5],
        [30 * minute, 5],
        [40 * minute, 0],
        [20 * 60 * minute, 1],
      ],
      ['shortSinceMs', 'begunAtMs'],
    ],
    [
      'and then has room for a day',
      [
        [0, 5],
        [30 * minute, 5],
        [40 * minute, 0],
        [40 * minute + day, 0],
      ],
      [],
    ],
    [
      'never',
      [
        [0, 0],
        [day, 0],
      ],
      [],
    ],
  ])('%s', (_, heartbeats, expected) => {
    const state = heartbeats.reduce((before, [atMs, bytes]) => shedAfterHeartbeat(before, bytes, atMs, settings), noShed);
    expect(
      Object.entries(state)
        .flatMap(([key, value]) => (value === null ? [] : [key]))
        .sort(),
    ).toEqual([...expected].sort());
  });

  it('gives back a quarter more than it lacks, less what leaves it already', () => {
    expect(bytesToFind(1000, 0, settings)).toBe(1250);
    expect(bytesToFind(1000, 1000, settings)).toBe(250);
    expect(bytesToFind(1000, 1250, settings)).toBe(0);
    expect(bytesToFind(0, 0, settings)).toBe(0);
  });

  it('that moves whatever it is told begins and ends at most once in a day and a half hour', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.integer({ min: 1, max: 120 }), fc.nat({ max: 3 })), { maxLength: 200 }), (steps) => {
        let [state, atMs, begins] = [noShed, 0, 0];
        for (const [minutes, bytes] of steps) {
          atMs += minutes * minute;
          const next = shedAfterHeartbeat(state, bytes, atMs, settings);
          if (state.begunAtMs === null && next.begunAtMs !== null) begins += 1;
          state = next;
        }
        expect(begins).toBeLessThanOrEqual(1 + atMs / (day + 30 * minute));
      }),
    );
  });
});

describe('how a copy can leave a full disk', () => {
  const way = (one: ShedPack, candidates = team(8)) => shedWay(full, one, new ShedRoom(full, candidates), settings).way;
  const anchor = { anchor: true };
  const stays = (why: ShedObstacle) => ({ kind: 'stays', why });

  it.each<[string, ShedPack, unknown, Candidate[]?]>([
    ['three others have it', pack(1, some(1, 2, 3, 4)), { kind: 'at-once' }],
    ['two others have it', pack(1, some(1, 2, 3)), { kind: 'copy-first', copies: 1 }],
    ['one other has it', pack(1, some(1, 2)), { kind: 'copy-first', copies: 2 }],
    [
      'two copies are wanted: no trim leaves fewer than three',
      pack(1, some(1, 2), { goal: { target: 2, minimum: 2 } }),
      { kind: 'copy-first', copies: 2 },
    ],
    ['a copy is on its way', pack(1, [...some(1, 2, 3), aReplica(4, 'active', { status: 'pending' })]), { kind: 'copy-first', copies: 0 }],
    ['it is the last copy', pack(1, some(1)), stays('needs_repair')],
    ['its owner is gone', pack(1, some(1, 2, 3, 4), { ownerGone: true }), stays('owner_gone')],
    ['everybody has it', pack(1, some(1, 2, 3)), stays('no_other_device'), team(4)],
    ['nobody has room', pack(1, some(1, 2, 3)), stays('no_room'), team(8, { availableBytes: 999 })],
    ['only newcomers have room', pack(1, some(1, 2, 3)), stays('no_room'), team(8, { vetted: false })],
    ['those with room are asleep', pack(1, some(1, 2, 3)), { kind: 'copy-first', copies: 1 }, team(8, { state: 'asleep', online: false })],
    [
      'two of three others were not seen for days',
      pack(1, [...some(1, 2), aReplica(3, 'overdue'), aReplica(4, 'overdue')]),
      stays('holders_away'),
    ],
    ['another full disk gives it up too', pack(1, [...some(1, 2, 3), aReplica(4, 'draining')]), { kind: 'copy-first', copies: 1 }],
    ['it is the only one on an anchor', pack(1, [aReplica(1, 'active', anchor), ...some(2, 3, 4)]), stays('anchor_copy')],
    [
      'it is the only one on an anchor, and no other anchor is there',
      pack(1, [aReplica(1, 'active', anchor), ...some(2, 3)]),
      stays('anchor_copy'),
    ],
    [
      'another anchor can take it',
      pack(1, [aReplica(1, 'active', anchor), ...some(2, 3)]),
      { kind: 'copy-first', copies: 1 },
      [...team(7), aCandidate(7, anchor)],
    ],
    [
      'it is an index pack on an anchor',
      pack(1, [aReplica(1, 'active', anchor), ...some(2, 3, 4, 5, 6)], { kind: 'index' }),
      stays('anchor_copy'),
    ],
    ['it is the only one at another site', pack(1, [aReplica(1, 'active', { site: 'branch' }), ...some(2, 3)]), stays('site_copy')],
    [
      'another device at that site can take it',
      pack(1, [aReplica(1, 'active', { site: 'branch' }), ...some(2, 3)]),
      { kind: 'copy-first', copies: 1 },
      [...team(7), aCandidate(7, { site: 'branch' })],
    ],
  ])('when %s', (_, one, expected, ...rest) => {
    expect(way(one, ...rest)).toEqual(expected);
  });
});

describe('a plan to shed', () => {
  it('takes what others have first, then what needs the fewest copies, the largest of each', () => {
    const packs = [
      pack(1, some(1, 2), { sizeBytes: 900 }),
      pack(2, some(1, 2, 3), { sizeBytes: 500 }),
      pack(3, some(1, 2, 3), { sizeBytes: 800 }),
      pack(4, some(1, 2, 3, 4), { sizeBytes: 10 }),
    ];
    const chosen = (bytes: number) =>
      plan(packs, { bytes }).chosen.map((one) => [packs.findIndex((p) => p.packId === one.packId) + 1, one.copies]);
    expect(chosen(5)).toEqual([[4, 0]]);
    expect(chosen(400)).toEqual([
      [4, 0],
      [2, 1],
    ]);
    expect(chosen(700)).toEqual([
      [4, 0],
      [3, 1],
    ]);
    expect(chosen(5000)).toEqual([
      [4, 0],
      [3, 1],
      [2, 1],
      [1, 2],
    ]);
  });

  it('says why when nothing can go, and nothing when it waits for what is under way', () => {
    expect(plan([pack(1, some(1, 2, 3))], { candidates: team(4) })).toMatchObject({
      chosen: [],
      obstacle: 'no_other_device',
      missingBytes: 1000,
    });
    const waits = plan([pack(1, some(1, 2, 3, 4), { marked: true }), pack(2, [...some(1, 2, 3)], { marked: true }), pack(3, some(1))]);
    expect(waits).toMatchObject({ chosen: [], obstacle: null, ready: [aPack(1).packId] });
  });

  it('lets those go that were chosen and have no way any more', () => {
    expect(plan([pack(1, some(1, 2, 3), { marked: true })], { candidates: team(4) }).unmark).toEqual([aPack(1).packId]);
  });

  it('keeps to so many at once and to so much a day, but moves one pack on any day', () => {
    const packs = Array.from({ length: 100 }, (_, n) => pack(n, some(1, 2, 3)));
    expect(plan(packs, { bytes: 1e6 }).chosen).toHaveLength(settings.shed.openPacks);
    const marked = packs.map((one, n) => (n < 60 ? { ...one, marked: true } : one));
    expect(plan(marked, { bytes: 1e6 }).chosen).toHaveLength(settings.shed.openPacks - 60);
    expect(plan(packs, { bytes: 1e6, copyBytesLeft: 3500 }).chosen).toHaveLength(3);
    expect(plan(packs, { bytes: 1e6, copyBytesLeft: 500 }).chosen).toHaveLength(0);
    const frugal = { ...settings, shed: { ...settings.shed, copyBytesPerDay: 500 } };
    expect(plan(packs, { bytes: 1e6, copyBytesLeft: 500, settings: frugal }).chosen).toHaveLength(1);
  });

  it('takes all that are free of the 20,000 packs of an anchor, and as many others as may wait at once', () => {
    const packs = Array.from({ length: 20_000 }, (_, n) => pack(n, some(1, 2, 3, ...(n % 2 ? [4] : [])), { sizeBytes: 1000 + n }));
    const { chosen } = plan(packs, { bytes: 1e12, candidates: team(500) });
    expect(chosen.filter((one) => one.copies === 0)).toHaveLength(10_000);
    expect(chosen).toHaveLength(10_000 + settings.shed.openPacks);
  });
});

/** Whole teams through weeks of a full disk: the very rules, with holders that come and go. */
describe('shedding', () => {
  const kinds: PackKind[] = ['data', 'data', 'data', 'meta', 'index'];
  const copies = fc.uniqueArray(fc.integer({ min: 1, max: 9 }), { minLength: 1, maxLength: 6 });
  const world = fc.record({
    seed: fc.integer(),
    goal: fc.constantFrom(goal, { target: 2, minimum: 1 }, { target: 4, minimum: 3 }),
    packs: fc.array(fc.record({ copies, kind: fc.constantFrom(...kinds), sizeBytes: fc.integer({ min: 1, max: 2000 }) }), {
      minLength: 1,
      maxLength: 12,
    }),
    anchors: fc.uniqueArray(fc.integer({ min: 1, max: 9 }), { maxLength: 3 }),
    branch: fc.uniqueArray(fc.integer({ min: 1, max: 9 }), { maxLength: 4 }),
    events: fc.array(fc.record({ asleep: fc.uniqueArray(fc.integer({ min: 2, max: 9 }), { maxLength: 4 }), signs: fc.boolean() }), {
      minLength: 4,
      maxLength: 12,
    }),
  });

  /** Cheaper than an expectation, of which there would be a hundred thousand. */
  const must = (holds: boolean, what: string): void => {
    if (!holds) throw new Error(`a pack ${what}`);
  };

  it('never brings a pack below its minimum, never takes the last copy, and gives back what it can', () => {
    fc.assert(
      fc.property(world, ({ seed, goal: wanted, packs, anchors, branch, events }) => {
        const random = seededRandom(seed);
        const where = (n: number) => ({ anchor: anchors.includes(n), site: branch.includes(n) ? 'branch' : 'office' });
        let asleep: number[] = [];
        const state = (n: number) => (asleep.includes(n) ? ('asleep' as const) : ('active' as const));
        const stored = packs.map(({ copies: held, kind, sizeBytes }, n) => ({
          ...{ n, kind, sizeBytes, held: new Set(held), pending: new Set<number>(), marked: false },
          before: held.length,
        }));
        const view = (one: (typeof stored)[number]): ShedInput['packs'][number] => {
          const at = (n: number, status: Replica['status']): Replica =>
            aReplica(n, one.marked && n === 1 ? 'draining' : state(n), { ...where(n), status });
          const replicas = [...[...one.held].map((n) => at(n, 'held')), ...[...one.pending].map((n) => at(n, 'pending'))];
          return pack(one.n, replicas, { kind: one.kind, sizeBytes: one.sizeBytes, goal: wanted, marked: one.marked });
        };
        const effectiveOf = (one: (typeof stored)[number]): number => {
          const { replicas, owner } = view(one);
          return effectiveReplicas(replicas, owner, settings);
        };
        const numberOf = (deviceId: DeviceId): number => Number.parseInt(deviceId.slice(-4), 16);
        const byId = new Map<PackId, (typeof stored)[number]>(stored.map((one) => [view(one).packId, one]));
        const candidates = (): Candidate[] =>
          Array.from({ length: 10 }, (_, n) =>
            aCandidate(n, { ...where(n), state: state(n), online: !asleep.includes(n), availableBytes: n === 1 ? 0 : 1e6 }),
          );
        const give = stored.filter((one) => one.held.has(1)).reduce((sum, one) => sum + one.sizeBytes, 0);
        for (const event of [...events, { asleep: [], signs: true }, { asleep: [], signs: true }, { asleep: [], signs: true }]) {
          ({ asleep } = event);
          const here = stored.filter((one) => one.held.has(1));
          const leaving = here.filter((one) => one.marked).reduce((sum, one) => sum + one.sizeBytes, 0);
          const done = give - here.reduce((sum, one) => sum + one.sizeBytes, 0);
          const made = planShed({
            ...{ holder: full, packs: here.map(view), candidates: candidates(), settings },
            ...{ bytes: Math.max(0, give - done - leaving), copyBytesLeft: settings.shed.copyBytesPerDay },
          });
          for (const { packId, copies: cost } of made.chosen) {
            const one = byId.get(packId)!;
            must(!one.marked, 'was chosen twice');
            must(effectiveOf(one) >= wanted.minimum, 'was chosen below its minimum');
            must(cost === 0 || !mayTrim(full, view(one), settings), 'costs copies for nothing');
            one.marked = true;
          }
          for (const packId of made.unmark) byId.get(packId)!.marked = false;
          const repair = planRepair({
            ...{ candidates: candidates(), breaker: { open: false }, settings, random },
            packs: stored.map((one) => ({
              ...view(one),
              ownerOnline: true,
              goal: one.marked && one.held.has(1) ? goalWhileLeaving(wanted) : wanted,
            })),
          });
          for (const { packId, deviceId } of repair.assignments) byId.get(packId)!.pending.add(numberOf(deviceId));
          for (const one of stored) {
            for (const n of one.pending) if (!asleep.includes(n) && one.pending.delete(n)) one.held.add(n);
            const present = view(one);
            if (event.signs && one.marked && mayTrim(full, present, settings)) {
              one.held.delete(1);
              one.marked = false;
            }
            must(effectiveOf(one) >= Math.min(one.before, wanted.minimum), 'is below its minimum');
            if (packs[one.n]!.copies.includes(1) && !one.held.has(1))
              must(effectiveOf(one) >= Math.max(3, wanted.target), 'was let go with too few others');
          }
        }
        // Nine devices with room and everybody awake at the end: only copies that the rules of trims protect are still there.
        for (const one of stored) {
          const { way } = shedWay(full, { ...view(one), ownerGone: false }, new ShedRoom(full, candidates()), settings);
          if (one.held.has(1)) expect(way).toMatchObject({ kind: 'stays', why: expect.stringMatching(/^(anchor|site)_copy$/) });
        }
      }),
      { numRuns: 150 },
    );
  });
});

describe('what people read of it', () => {
  const facts = { toGiveBackBytes: 12e9, movingBytes: 0, inHoldBytes: 0, begun: true, obstacle: null };
  it.each([
    [{ ...facts, toGiveBackBytes: 0, begun: false }, null],
    [{ ...facts, begun: false }, 'Its disk is nearly full: if it stays so, 12 GB are moved to others.'],
    [facts, 'Its disk is nearly full: packs to move are being chosen.'],
    [{ ...facts, movingBytes: 12.5e9 }, 'Its disk is nearly full: 13 GB are being moved to others.'],
    [
      { ...facts, movingBytes: 2.5e9, inHoldBytes: 800e6 },
      'Its disk is nearly full: 2.5 GB are being moved to others; 800 MB are elsewhere and go when their hold is over.',
    ],
    [{ ...facts, obstacle: 'no_room' as const }, 'Its disk is nearly full, and 12 GB can not be moved: no other device has room for them.'],
    [
      { ...facts, inHoldBytes: 2e9, obstacle: 'no_other_device' as const },
      'Its disk is nearly full, and 10 GB can not be moved: every other device already has these packs (2 GB are elsewhere and go when their hold is over).',
    ],
    [{ ...facts, toGiveBackBytes: 0, inHoldBytes: 2e9 }, 'Its disk was nearly full: 2 GB are elsewhere and go when their hold is over.'],
  ])('%#', (some, text) => {
    expect(shedWords(some)?.reason ?? null).toBe(text);
  });
});
