import { randomInt, type DeviceId, type RandomSource } from '#libs/kernel';
import { acceptsPacks } from './device-state.ts';
import { candidateScore, type Candidate, type PackToPlace, type Shortfall } from './candidate.ts';
import type { DurabilitySettings } from './settings.ts';

/**
 * The devices that may receive packs during one plan, with what the plan has already given them.
 * Choosing is the power of two choices: of two random fitting candidates the one with the better score. So load spreads
 * by score without a sort, and a single best device is not flooded.
 */
export class CandidatePool {
  readonly #all: readonly Candidate[];
  readonly #ready: readonly Candidate[];
  readonly #anchors: readonly Candidate[];
  readonly #given = new Map<DeviceId, number>();
  readonly #packs = new Map<DeviceId, number>();
  readonly #settings: DurabilitySettings;
  readonly #random: RandomSource;

  constructor(candidates: readonly Candidate[], settings: DurabilitySettings, random: RandomSource) {
    this.#all = candidates;
    this.#ready = candidates.filter((c) => acceptsPacks(c.state) && c.online);
    this.#anchors = this.#ready.filter((c) => c.anchor);
    this.#settings = settings;
    this.#random = random;
  }

  anchors(): readonly Candidate[] {
    return this.#anchors;
  }

  freeBytes(candidate: Candidate): number {
    return candidate.availableBytes - (this.#given.get(candidate.deviceId) ?? 0);
  }

  fits(candidate: Candidate, sizeBytes: number): boolean {
    return this.freeBytes(candidate) >= sizeBytes && !this.#busy(candidate);
  }

  #busy(candidate: Candidate): boolean {
    return candidate.openSlots !== undefined && (this.#packs.get(candidate.deviceId) ?? 0) >= candidate.openSlots;
  }

  take(candidate: Candidate, sizeBytes: number): void {
    this.#packs.set(candidate.deviceId, (this.#packs.get(candidate.deviceId) ?? 0) + 1);
    this.#given.set(candidate.deviceId, (this.#given.get(candidate.deviceId) ?? 0) + sizeBytes);
  }

  /** The better of two random candidates among `from` that `allow` admits and that have room; undefined when none has. */
  pick(pack: PackToPlace, allow: (candidate: Candidate) => boolean, from: readonly Candidate[] = this.#ready): Candidate | undefined {
    const fitting = (c: Candidate): boolean => allow(c) && this.fits(c, pack.sizeBytes);
    const found: Candidate[] = [];
    for (let draw = 0; draw < this.#settings.placement.draws && found.length < 2 && from.length > 0; draw += 1) {
      const candidate = from[randomInt(this.#random, from.length)]!;
      if (!found.includes(candidate) && fitting(candidate)) found.push(candidate);
    }
    if (found.length === 2) return this.#better(pack, found[0]!, found[1]!);
    // Few fit: look at all of them, so that a place is found whenever there is one.
    const rest = from.filter(fitting);
    if (rest.length <= 1) return rest[0];
    const first = randomInt(this.#random, rest.length);
    const second = (first + 1 + randomInt(this.#random, rest.length - 1)) % rest.length;
    return this.#better(pack, rest[first]!, rest[second]!);
  }

  #better(pack: PackToPlace, a: Candidate, b: Candidate): Candidate {
    const score = (c: Candidate): number => candidateScore(c, this.freeBytes(c), pack.owner, this.#settings);
    return score(b) > score(a) ? b : a;
  }

  /** Why `missing` copies found no place. */
  explain(pack: PackToPlace, free: (candidate: Candidate) => boolean, missing: number): Shortfall {
    const others = this.#all.filter((c) => free(c) && c.state !== 'revoked');
    const awake = others.filter((c) => acceptsPacks(c.state) && c.online);
    const base = { packId: pack.packId, missing };
    if (this.#all.every((c) => c.deviceId === pack.owner.deviceId || c.machineId === pack.owner.machineId))
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
    if (awake.length === 0)
      return {
        ...base,
        code: 'nobody_awake',
        reason: 'Captured, waiting for colleagues: no other device is awake.',
        nextStep: 'Nothing to do; an always-on anchor would take it at once.',
      };
    if (awake.some((c) => this.#busy(c) && this.freeBytes(c) >= pack.sizeBytes))
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
}
