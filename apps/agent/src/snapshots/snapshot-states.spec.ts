import { describe, expect, it } from '@jest/globals';
import type { PackId } from '#libs/kernel';
import { snapshotStates, type SnapshotFacts } from './snapshot-states.ts';

/** Three sessions: data d and index i each; the second left an orphan o behind. */
const names = ['d1', 'i1', 'o2', 'd2', 'i2', 'd3', 'i3'] as PackId[];
const packs = names.map((packId, ordinal) => ({ packId, ordinal }));
const recordId = new Uint8Array(32);
const head: SnapshotFacts['head'] = {
  indexPacks: packs.filter((p) => p.packId.startsWith('i')).map((p) => ({ ...p, sizeBytes: 1 })),
  snapshots: [1, 2, 3].map((sequence) => ({ sequence, pack: sequence - 1, offset: 0, sealedLength: 1, plainLength: 1, recordId })),
};
const latest = { sequence: 3, packIds: names.filter((name) => !name.startsWith('o')) };
const statesWithout = (...short: string[]): string[] => [
  ...snapshotStates({ head, packs, latest, isHeld: (id) => !short.includes(id) }).values(),
];

describe('state of each snapshot', () => {
  it.each([
    ['everything is held', [], ['protected', 'protected', 'protected']],
    ['only the newest still waits', ['d3', 'i3'], ['protected', 'protected', 'captured']],
    ['an index pack lost its holders', ['i2'], ['protected', 'captured', 'captured']],
    ['a pack lost them that an older one may need', ['d2'], ['protected', 'unknown', 'captured']],
    ['a pack that the newest does not need', ['o2'], ['protected', 'unknown', 'protected']],
    ['nothing is held', names, ['captured', 'captured', 'captured']],
  ])('%s', (_what, short, expected) => {
    expect(statesWithout(...short)).toEqual(expected);
  });

  it('never says protected of the newest by a kept list that is of another snapshot', () => {
    const older = { sequence: 2, packIds: [] };
    expect(snapshotStates({ head, packs, latest: older, isHeld: (id) => id !== 'i3' }).get(3)).toBe('captured');
  });
});
