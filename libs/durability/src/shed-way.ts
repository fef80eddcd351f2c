import type { DeviceId } from '#libs/kernel';
import type { Candidate, ReplicaGoal } from './candidate.ts';
import { acceptsPacks } from './device-state.ts';
import { needsCopies } from './repair.ts';
import { effectiveReplicas, expectedReplicas, type Replica } from './replicas.ts';
import type { DurabilitySettings } from './settings.ts';
import { isElsewhere, isReliable, keptByTrims, leastKept, mayTrim, type SurplusPack } from './surplus.ts';

/** Why a copy can't leave its holder at present. */
export type ShedObstacle = 'owner_gone' | 'needs_repair' | 'anchor_copy' | 'site_copy' | 'holders_away' | 'no_room' | 'no_other_device';

export type ShedWay =
  /** Enough reliable copies are elsewhere: its owner can give it up now. */
  | { readonly kind: 'at-once' }
  /** So many copies have to be made elsewhere first. 0: they are on their way. */
  | { readonly kind: 'copy-first'; readonly copies: number }
  | { readonly kind: 'stays'; readonly why: ShedObstacle };

export interface ShedPack extends SurplusPack {
  readonly sizeBytes: number;
  /** Nobody can sign for its packs any more. */
  readonly ownerGone: boolean;
}

interface ShedPlace {
  readonly candidate: Candidate;
  bytes: number;
}

/** Room that other devices have for copies, less what this plan has given away. A guess for choosing; placement decides. */
export class ShedRoom {
  /** The roomiest first, as they were at the start. */
  readonly #places: readonly ShedPlace[];
  readonly #others: readonly Candidate[];

  constructor(holder: DeviceId, candidates: readonly Candidate[]) {
    this.#others = candidates.filter((c) => c.deviceId !== holder && c.state !== 'revoked');
    // Who is asleep wakes again before long; a newcomer's copy lets nobody give up another.
    this.#places = this.#others
      .filter((c) => (acceptsPacks(c.state) || c.state === 'asleep') && c.vetted !== false && c.availableBytes > 0)
      .map((candidate) => ({ candidate, bytes: candidate.availableBytes }))
      .sort((a, b) => b.bytes - a.bytes);
  }

  /** Places for so many copies of a pack, the needed kinds among them; undefined: there are not enough. Takes nothing yet. */
  find(pack: ShedPack, copies: number, needs: { readonly anchor: boolean; readonly elsewhere: boolean }): (() => void) | undefined {
    const chosen: ShedPlace[] = [];
    const add = (fits: (c: Candidate) => boolean): boolean => {
      const place = this.#places.find(
        ({ candidate, bytes }) =>
          bytes >= pack.sizeBytes &&
          fits(candidate) &&
          !hasIt(candidate, pack) &&
          !chosen.some((other) => other.candidate.machineId === candidate.machineId),
      );
      return place !== undefined && chosen.push(place) > 0;
    };
    const elsewhere = (c: Candidate): boolean => c.site !== pack.owner.site;
    if (needs.anchor && !add((c) => c.anchor && (!needs.elsewhere || elsewhere(c))) && !add((c) => c.anchor)) return undefined;
    if (needs.elsewhere && !chosen.some(({ candidate }) => elsewhere(candidate)) && !add(elsewhere)) return undefined;
    while (chosen.length < copies) if (!add(() => true)) return undefined;
    if (chosen.length > copies) return undefined;
    return () => {
      for (const place of chosen) place.bytes -= pack.sizeBytes;
    };
  }

  /** Whether any other device could ever take the pack, had it room. */
  hasStranger(pack: ShedPack): boolean {
    return this.#others.some((c) => !hasIt(c, pack));
  }
}

const hasIt = (c: Candidate, { owner, replicas }: ShedPack): boolean =>
  owner.deviceId === c.deviceId ||
  owner.machineId === c.machineId ||
  replicas.some((r) => r.deviceId === c.deviceId || r.machineId === c.machineId);

/** What a pack's owner wants while a copy of it is to leave its holder: no trim leaves fewer, so it takes as many to let one go. */
export const goalWhileLeaving = (goal: ReplicaGoal): ReplicaGoal => ({ ...goal, target: Math.max(goal.target, leastKept) });

/**
 * How one copy could leave its holder: at once, after copies were made, or not. The same conditions as for any trim decide
 * ({@link mayTrim}), so a plan never asks for what would be refused. `take` books the room that the copies need.
 */
export function shedWay(
  holder: DeviceId,
  pack: ShedPack,
  room: ShedRoom,
  settings: DurabilitySettings,
): { readonly way: ShedWay; readonly take?: () => void } {
  const stays = (why: ShedObstacle): { way: ShedWay } => ({ way: { kind: 'stays', why } });
  const replica = pack.replicas.find((r) => r.deviceId === holder);
  if (!replica || pack.ownerGone) return stays('owner_gone');
  if (mayTrim(holder, pack, settings)) return { way: { kind: 'at-once' } };
  if (effectiveReplicas(pack.replicas, pack.owner, settings) < pack.goal.minimum) return stays('needs_repair');
  if (pack.kind === 'index' && replica.anchor) return stays('anchor_copy');

  const goal = goalWhileLeaving(pack.goal);
  const kept = keptByTrims(pack.kind, goal, settings);
  const others = pack.replicas.filter((r) => r.deviceId !== holder);
  // What repair will make of the pack once its copy here is leaving.
  const leaving: Replica = { ...replica, state: 'draining' };
  const planned = needsCopies({ ...pack, replicas: [...others, leaving] }, goal, settings)
    ? Math.max(0, Math.ceil(kept - expectedReplicas([...others, leaving], pack.owner, settings)))
    : 0;
  const coming = others.filter((r) => r.status === 'pending').map((r): Replica => ({ ...r, status: 'held' }));
  const reliable = [...others.filter((r) => r.status === 'held'), ...coming].filter(isReliable);
  if (effectiveReplicas(reliable, pack.owner, settings) + planned < kept) return stays('holders_away');

  const needs = {
    anchor: replica.anchor && !reliable.some((r) => r.anchor),
    elsewhere: isElsewhere(replica, pack) && !reliable.some((r) => isElsewhere(r, pack)),
  };
  if (planned < Number(needs.anchor) + Number(needs.elsewhere)) return stays(needs.anchor ? 'anchor_copy' : 'site_copy');
  if (planned === 0) return { way: { kind: 'copy-first', copies: 0 } };
  const take = room.find(pack, planned, needs);
  if (take) return { way: { kind: 'copy-first', copies: planned }, take };
  if (needs.anchor) return stays('anchor_copy');
  return stays(needs.elsewhere ? 'site_copy' : room.hasStranger(pack) ? 'no_room' : 'no_other_device');
}
