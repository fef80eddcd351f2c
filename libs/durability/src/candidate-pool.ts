import { randomInt, type DeviceId, type RandomSource } from '#libs/kernel';
import { candidateScore, type Candidate, type PackToPlace } from './candidate.ts';
import { acceptsPacks, isGone } from './device-state.ts';
import type { DurabilitySettings } from './settings.ts';

/** A device that may receive packs during one plan, with what the plan has already given it. */
export interface Place {
  readonly candidate: Candidate;
  freeBytes: number;
  openSlots: number;
  repairSlots: number;
}

/** How urgent a copy is: a repair that can wait may use a part of a device's slots only. */
export type Urgency = 'at-once' | 'in-its-share';

/**
 * The devices that may receive packs during one plan, or several that follow on each other. Choosing is the power of two choices: of
 * two random fitting candidates the one with the better score. So load spreads by score without a sort, and a single best device is
 * not flooded.
 */
export class CandidatePool {
  /** Everybody, for explaining. */
  readonly all: readonly Candidate[];
  readonly ready: readonly Place[];
  readonly anchors: readonly Place[];
  readonly vetted: readonly Place[];
  readonly #asleepWithVetting: readonly Candidate[];
  readonly #online: ReadonlySet<DeviceId>;
  readonly #elsewhere = new Map<string, readonly Place[]>();
  readonly #settings: DurabilitySettings;
  readonly #random: RandomSource;

  constructor(candidates: readonly Candidate[], settings: DurabilitySettings, random: RandomSource) {
    this.all = candidates;
    this.ready = candidates
      .filter((c) => acceptsPacks(c.state) && c.online)
      .map((candidate) => ({
        candidate,
        freeBytes: candidate.availableBytes,
        openSlots: candidate.openSlots ?? Number.POSITIVE_INFINITY,
        repairSlots: candidate.repairSlots ?? Number.POSITIVE_INFINITY,
      }));
    this.anchors = this.ready.filter(({ candidate }) => candidate.anchor);
    this.vetted = this.ready.filter(({ candidate }) => isVetted(candidate));
    this.#asleepWithVetting = candidates.filter((c) => isVetted(c) && !isGone(c.state) && c.state !== 'draining');
    this.#online = new Set(candidates.filter((c) => c.online).map((c) => c.deviceId));
    this.#settings = settings;
    this.#random = buffered(random);
  }

  isOnline(deviceId: DeviceId): boolean {
    return this.#online.has(deviceId);
  }

  /** Those that are ready at another site than this. */
  elsewhere(site: string): readonly Place[] {
    let places = this.#elsewhere.get(site);
    if (!places) this.#elsewhere.set(site, (places = this.ready.filter(({ candidate }) => candidate.site !== site)));
    return places;
  }

  /** Whether a vetted device that is in the team, awake or not, has room for this pack: then it is worth waiting for. */
  vettedHasRoom(pack: PackToPlace, free: (candidate: Candidate) => boolean): boolean {
    return this.#asleepWithVetting.some((c) => free(c) && c.availableBytes >= pack.sizeBytes);
  }

  hasRoom(place: Place, sizeBytes: number, urgency: Urgency): boolean {
    return place.freeBytes >= sizeBytes && place.openSlots > 0 && (urgency === 'at-once' || place.repairSlots > 0);
  }

  take(place: Place, sizeBytes: number, urgency: Urgency): void {
    place.freeBytes -= sizeBytes;
    place.openSlots -= 1;
    if (urgency === 'in-its-share') place.repairSlots -= 1;
  }

  /** The better of two random places of `from` that `allow` admits and that have room; undefined when none has. */
  pick(
    pack: PackToPlace,
    urgency: Urgency,
    allow: (candidate: Candidate) => boolean,
    from: readonly Place[] = this.ready,
  ): Place | undefined {
    if (from.length === 0) return undefined;
    const fits = (place: Place): boolean => this.hasRoom(place, pack.sizeBytes, urgency) && allow(place.candidate);
    let first: Place | undefined;
    for (let draw = 0; draw < this.#settings.placement.draws; draw += 1) {
      const place = from[randomInt(this.#random, from.length)]!;
      if (place === first || !fits(place)) continue;
      if (first) return this.#better(pack, first, place);
      first = place;
    }
    // Few fit: look at all of them, so that a place is found whenever there is one.
    const rest = from.filter(fits);
    if (rest.length <= 1) return rest[0];
    const one = randomInt(this.#random, rest.length);
    const two = (one + 1 + randomInt(this.#random, rest.length - 1)) % rest.length;
    return this.#better(pack, rest[one]!, rest[two]!);
  }

  #better(pack: PackToPlace, a: Place, b: Place): Place {
    const score = ({ candidate, freeBytes }: Place): number => candidateScore(candidate, freeBytes, pack.owner, this.#settings);
    return score(b) > score(a) ? b : a;
  }
}

export const isVetted = (candidate: Pick<Candidate, 'vetted'>): boolean => candidate.vetted !== false;

/** The same bytes in larger portions: a call into the system for each draw would cost more than the draw. */
function buffered(random: RandomSource): RandomSource {
  let stock: Uint8Array = new Uint8Array(0);
  let at = 0;
  return {
    bytes: (length) => {
      if (at + length > stock.length) {
        stock = random.bytes(4096);
        at = 0;
      }
      at += length;
      return stock.subarray(at - length, at);
    },
  };
}
