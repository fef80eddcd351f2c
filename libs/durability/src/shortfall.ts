import type { CandidatePool } from './candidate-pool.ts';
import type { Candidate, PackToPlace, Shortfall } from './candidate.ts';

/** Why `missing` copies of a pack found no place, in plain words. `free`: admits devices that do not have it yet. */
export function explainShortfall(
  pool: CandidatePool,
  pack: PackToPlace,
  free: (candidate: Candidate) => boolean,
  missing: number,
  waitsForVetted: boolean,
): Shortfall {
  const base = { packId: pack.packId, missing };
  const others = pool.all.filter((c) => free(c) && c.state !== 'revoked');
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
  const awake = pool.ready.filter(({ candidate }) => free(candidate));
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
