import type { CandidatePool } from './candidate-pool.ts';
import type { Assignment, Candidate, PackToPlace, Shortfall } from './candidate.ts';

/** Why `missing` copies of a pack found no place besides those in `assignments`, in plain words. The pack is the one begun last. */
export function explainShortfall(
  pool: CandidatePool,
  pack: PackToPlace,
  assignments: readonly Assignment[],
  missing: number,
  waitsForVetted: boolean,
): Shortfall {
  const has = (c: Candidate): boolean =>
    [pack.owner, ...pack.replicas].some((r) => r.deviceId === c.deviceId || r.machineId === c.machineId) ||
    assignments.some(({ deviceId }) =>
      pool.all.some((a) => a.deviceId === deviceId && (c.deviceId === deviceId || c.machineId === a.machineId)),
    );
  const base = { packId: pack.packId, missing };
  const others = pool.all.filter((c) => c.state !== 'revoked' && !has(c));
  if (pool.all.every((c) => c.deviceId === pack.owner.deviceId || c.machineId === pack.owner.machineId))
    return {
      ...base,
      code: 'no_other_device',
      reason: 'There is no other device in the team.',
      nextStep: 'Enrol at least two more devices.',
    };
  if (others.length === 0)
    return {
      ...base,
      code: 'too_few_devices',
      reason: 'Every other device already has this pack.',
      nextStep: 'Enrol another device, or lower the number of replicas.',
    };
  if (waitsForVetted)
    return {
      ...base,
      code: 'too_few_vetted',
      reason: 'The devices that are awake are new; the first copies wait for one that has proved itself.',
      nextStep: 'Nothing to do: an older device that wakes takes it, and new ones have proved themselves after a day.',
    };
  const awake = pool.ready.filter((place) => pool.isFree(place));
  if (awake.length === 0)
    return {
      ...base,
      code: 'nobody_awake',
      reason: 'Captured, waiting for colleagues: no other device is awake.',
      nextStep: 'Nothing to do; an always-on anchor would take it at once.',
    };
  if (awake.some((place) => place.freeBytes >= pack.sizeBytes))
    return {
      ...base,
      code: 'all_busy',
      reason: 'Every device that could take it is fetching others first.',
      nextStep: 'Nothing to do; it is next.',
    };
  return {
    ...base,
    code: 'no_space',
    reason: 'No device that is awake has room for it.',
    nextStep: 'Free disk space, raise a pledge, or add an anchor.',
  };
}
