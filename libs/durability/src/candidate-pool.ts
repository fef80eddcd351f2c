import type { DeviceId, RandomSource } from '#libs/kernel';
import { candidateMerit, type Candidate, type PackToPlace } from './candidate.ts';
import { acceptsPacks, isGone } from './device-state.ts';
import type { DurabilitySettings } from './settings.ts';

/** A failure domain in a pool: a machine, or a device on it. Marked with the number of the pack that it already has. */
interface Domain {
  usedFor: number;
}

/** A device that may receive packs during one plan, with what the plan has already given it. */
export interface Place {
  readonly candidate: Candidate;
  readonly vetted: boolean;
  readonly merit: number;
  readonly device: Domain;
  readonly machine: Domain;
  freeBytes: number;
  openSlots: number;
  repairSlots: number;
}

/** How urgent a copy is: a repair that can wait may use a part of a device's slots only. */
export type Urgency = 'at-once' | 'in-its-share';

/** Random words drawn from the source at once. */
const STOCK = 1024;

/**
 * The devices that may receive packs during one plan, or several that follow on each other. Choosing is the power of two choices: of
 * two random fitting candidates the one with the better score. So load spreads by score without a sort, and a single best device is
 * not flooded. Works on one pack at a time, begun with {@link begin}; this runs millions of times, so a choice allocates nothing.
 */
export class CandidatePool {
  readonly all: readonly Candidate[];
  readonly ready: readonly Place[];
  readonly anchors: readonly Place[];
  readonly vetted: readonly Place[];
  readonly #trusted: readonly Candidate[];
  readonly #online: ReadonlySet<DeviceId>;
  readonly #domains = new Map<string, Domain>();
  readonly #elsewhere = new Map<string, readonly Place[]>();
  readonly #settings: DurabilitySettings;
  readonly #random: RandomSource;
  #stock = new Uint32Array(0);
  #drawn = 0;
  #pack = 0;

  constructor(candidates: readonly Candidate[], settings: DurabilitySettings, random: RandomSource) {
    this.#settings = settings;
    this.#random = random;
    this.all = candidates;
    this.ready = candidates.filter((c) => acceptsPacks(c.state) && c.online).map((candidate) => this.#place(candidate));
    this.anchors = this.ready.filter(({ candidate }) => candidate.anchor);
    this.vetted = this.ready.filter((place) => place.vetted);
    this.#trusted = candidates.filter((c) => isVetted(c) && !isGone(c.state) && c.state !== 'draining');
    this.#online = new Set(candidates.filter((c) => c.online).map((c) => c.deviceId));
  }

  isOnline(deviceId: DeviceId): boolean {
    return this.#online.has(deviceId);
  }

  /** The next pack to choose for: its owner and holders are no places for it, nor are the machines that they are on. */
  begin({ owner, replicas }: PackToPlace): void {
    this.#pack += 1;
    this.#use(owner.deviceId);
    this.#use(owner.machineId);
    for (const replica of replicas) {
      this.#use(replica.deviceId);
      this.#use(replica.machineId);
    }
  }

  /** The pack that was begun has no copy at this place or its machine. */
  isFree(place: Place): boolean {
    return place.machine.usedFor !== this.#pack && place.device.usedFor !== this.#pack;
  }

  hasRoom(place: Place, sizeBytes: number, urgency: Urgency): boolean {
    return place.freeBytes >= sizeBytes && place.openSlots > 0 && (urgency === 'at-once' || place.repairSlots > 0);
  }

  take(place: Place, sizeBytes: number, urgency: Urgency): void {
    place.freeBytes -= sizeBytes;
    place.openSlots -= 1;
    if (urgency === 'in-its-share') place.repairSlots -= 1;
    place.device.usedFor = this.#pack;
    place.machine.usedFor = this.#pack;
  }

  /** Those that are ready at another site than this. */
  elsewhere(site: string): readonly Place[] {
    let places = this.#elsewhere.get(site);
    if (!places) this.#elsewhere.set(site, (places = this.ready.filter(({ candidate }) => candidate.site !== site)));
    return places;
  }

  /** Whether a vetted device that is in the team, awake or not, has room for the pack that was begun: then it is worth waiting for. */
  vettedHasRoom(pack: PackToPlace): boolean {
    const isUsed = (id: string): boolean => this.#domains.get(id)?.usedFor === this.#pack;
    const holds = (c: Candidate): boolean =>
      [pack.owner, ...pack.replicas].some((r) => r.deviceId === c.deviceId || r.machineId === c.machineId);
    return this.#trusted.some((c) => c.availableBytes >= pack.sizeBytes && !isUsed(c.deviceId) && !isUsed(c.machineId) && !holds(c));
  }

  /** The better of two random places of `from` that are free and have room (and are vetted, if asked); undefined when none is. */
  pick(pack: PackToPlace, urgency: Urgency, from: readonly Place[], vettedOnly: boolean): Place | undefined {
    if (from.length === 0) return undefined;
    let first: Place | undefined;
    for (let draw = 0; draw < this.#settings.placement.draws; draw += 1) {
      const place = from[this.#draw(from.length)]!;
      if (place === first || !this.#fits(place, pack.sizeBytes, urgency, vettedOnly)) continue;
      if (first) return this.#better(pack, first, place);
      first = place;
    }
    // Few fit: look at all of them, so that a place is found whenever there is one.
    const rest = from.filter((place) => this.#fits(place, pack.sizeBytes, urgency, vettedOnly));
    if (rest.length <= 1) return rest[0];
    const one = this.#draw(rest.length);
    const two = (one + 1 + this.#draw(rest.length - 1)) % rest.length;
    return this.#better(pack, rest[one]!, rest[two]!);
  }

  #fits(place: Place, sizeBytes: number, urgency: Urgency, vettedOnly: boolean): boolean {
    return (place.vetted || !vettedOnly) && this.isFree(place) && this.hasRoom(place, sizeBytes, urgency);
  }

  #better(pack: PackToPlace, a: Place, b: Place): Place {
    return this.#score(b, pack) > this.#score(a, pack) ? b : a;
  }

  /** Free space × presence × audit record × locality, with what the plan has given away left out. Larger is better; 0 never wins. */
  #score({ candidate, freeBytes, merit }: Place, { owner }: PackToPlace): number {
    const { sameSiteFactor, otherSiteFactor } = this.#settings.placement;
    return Math.max(0, freeBytes) * merit * (candidate.site === owner.site ? sameSiteFactor : otherSiteFactor);
  }

  #place(candidate: Candidate): Place {
    return {
      candidate,
      vetted: isVetted(candidate),
      merit: candidateMerit(candidate, this.#settings),
      device: this.#domain(candidate.deviceId),
      machine: this.#domain(candidate.machineId),
      freeBytes: candidate.availableBytes,
      openSlots: candidate.openSlots ?? Number.POSITIVE_INFINITY,
      repairSlots: candidate.repairSlots ?? Number.POSITIVE_INFINITY,
    };
  }

  #domain(id: string): Domain {
    let domain = this.#domains.get(id);
    if (!domain) this.#domains.set(id, (domain = { usedFor: 0 }));
    return domain;
  }

  #use(id: string): void {
    const domain = this.#domains.get(id);
    if (domain) domain.usedFor = this.#pack;
  }

  /** A uniform integer below `bound`, without modulo bias. */
  #draw(bound: number): number {
    const limit = 2 ** 32 - (2 ** 32 % bound);
    for (;;) {
      if (this.#drawn === this.#stock.length) {
        this.#stock = new Uint32Array(this.#random.bytes(STOCK * 4).slice().buffer);
        this.#drawn = 0;
      }
      const value = this.#stock[this.#drawn]!;
      this.#drawn += 1;
      if (value < limit) return value % bound;
    }
  }
}

const isVetted = (candidate: Pick<Candidate, 'vetted'>): boolean => candidate.vetted !== false;
