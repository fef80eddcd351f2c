import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { DeviceState } from '#libs/contracts';
import { effectiveReplicas, expectedReplicas, presentReplicas, type Replica } from './replicas.ts';
import { defaultDurabilitySettings as settings } from './settings.ts';
import { aReplica, deviceNumber } from './testing/builders.ts';

const owner = { deviceId: deviceNumber(0), machineId: 'machine-0' };
const states: DeviceState[] = [
  'vetting',
  'reconciling',
  'active',
  'asleep',
  'overdue',
  'suspect',
  'missing',
  'lost',
  'draining',
  'revoked',
];
const anyReplica = fc
  .record({
    n: fc.integer({ min: 0, max: 8 }),
    machine: fc.integer({ min: 0, max: 8 }),
    state: fc.constantFrom(...states),
    held: fc.boolean(),
  })
  .map(({ n, machine, state, held }): Replica =>
    aReplica(n, state, { machineId: `machine-${machine}`, status: held ? 'held' : 'pending' }),
  );

describe('effective replicas', () => {
  it.each<[DeviceState, number]>([
    ['active', 1],
    ['asleep', 1],
    ['overdue', 1],
    ['draining', 1],
    ['suspect', 0.5],
    ['reconciling', 0.5],
    ['vetting', 1],
    ['missing', 0],
    ['lost', 0],
    ['revoked', 0],
  ])('%s holder counts %d', (state, counts) => {
    expect(effectiveReplicas([aReplica(1, state)], owner, settings)).toBe(counts);
  });

  it('counts neither the owner, nor its machine, nor a copy that is still on its way', () => {
    expect(effectiveReplicas([aReplica(0), aReplica(1, 'active', { machineId: 'machine-0' })], owner, settings)).toBe(0);
    expect(effectiveReplicas([aReplica(1, 'active', { status: 'pending' })], owner, settings)).toBe(0);
    expect(expectedReplicas([aReplica(1, 'active', { status: 'pending' })], owner, settings)).toBe(1);
  });

  it('counts one machine once, by its best replica', () => {
    const twins = [aReplica(1, 'suspect', { machineId: 'tower' }), aReplica(2, 'active', { machineId: 'tower' })];
    expect(effectiveReplicas(twins, owner, settings)).toBe(1);
  });

  it('does not count on those about to leave when it plans', () => {
    expect(expectedReplicas([aReplica(1, 'draining')], owner, settings)).toBe(0);
    expect(presentReplicas([aReplica(1, 'draining'), aReplica(2, 'suspect')], owner)).toBe(1);
  });

  it('is monotone: another replica never lowers a count, and none exceeds the number of other machines', () => {
    fc.assert(
      fc.property(fc.array(anyReplica, { maxLength: 8 }), anyReplica, (replicas, another) => {
        const machines = new Set(replicas.filter((r) => r.deviceId !== owner.deviceId).map((r) => r.machineId));
        machines.delete(owner.machineId);
        for (const count of [effectiveReplicas, expectedReplicas] as const) {
          const before = count(replicas, owner, settings);
          expect(before).toBeLessThanOrEqual(machines.size);
          expect(count([...replicas, another], owner, settings)).toBeGreaterThanOrEqual(before);
        }
      }),
    );
  });
});
