/** Rest for each parked pack that was looked at again. Planning takes some 0.2 ms a pack: so at most a fifth of the time goes into looks. */
const REST_A_PACK_MS = 1;
/** So many are planned within a fraction of a second: no rest. Small teams never wait. */
const FREE_PACKS = 1000;
/** Whatever is parked, a look that was asked for comes within so long: as often as one comes unasked. */
const LONGEST_REST_MS = 5 * 60_000;

/**
 * When all parked packs are looked at again. Each arrival may be the one that helps, and each look costs all of them: a thousand devices that
 * arrive one after the other after a start must not cause a thousand looks at a hundred thousand packs. So a look is followed by a rest that
 * grows with what it cost. Whatever was asked for meanwhile is one look, when the rest is over; nothing that was asked for is forgotten.
 */
export class LookPace {
  #asked = false;
  #restUntilMs = Number.NEGATIVE_INFINITY;

  ask(): void {
    this.#asked = true;
  }

  /** A look was asked for, and the rest after the last one is over. */
  isDue(nowMs: number): boolean {
    return this.#asked && nowMs >= this.#restUntilMs;
  }

  /** So many packs were given another look at that time. */
  looked(nowMs: number, packs: number): void {
    this.#asked = false;
    this.#restUntilMs = nowMs + Math.min(LONGEST_REST_MS, Math.max(0, packs - FREE_PACKS) * REST_A_PACK_MS);
  }
}
