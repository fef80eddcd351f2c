import type { Clock } from '#libs/kernel';
import { SwarmError } from '#libs/swarm';

/** Numbers of the patience with holders, with their reasons. */
const patience = {
  /** Before anything was seen: a device may have to be reached in a second way first. */
  firstMs: 10_000,
  /** Less would give up whoever has a hiccup. */
  leastMs: 4_000,
  /** So many times as long as blocks have taken lately. */
  timesSlower: 8,
  /** Weight of the newest block in the moving average. */
  newest: 0.2,
} as const;

/**
 * How long a holder is waited for while there are others to ask: relative to how long blocks take from all of them, so that
 * a slow link is nobody's fault and a holder that stands still is left within seconds.
 */
export class HolderPatience {
  readonly #clock: Clock;
  #typicalMs: number | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** The present limit for one block. */
  get limitMs(): number {
    return this.#typicalMs === undefined ? patience.firstMs : Math.max(patience.leastMs, patience.timesSlower * this.#typicalMs);
  }

  /** Waits for one block; what takes too long is aborted and throws `transfer_stalled` (temporary). */
  async within<T>(from: string, stop: AbortController, block: Promise<T>): Promise<T> {
    const startedMs = this.#clock.nowMs();
    const came = new AbortController();
    const limitMs = this.limitMs;
    this.#clock.sleep(limitMs, came.signal).then(
      () =>
        stop.abort(
          new SwarmError('transfer_stalled', `${from} brought nothing for ${Math.round(limitMs / 1000)} s; another holder is asked`, {
            status: 'temporary',
            nextStep: 'Try again when the device is less busy.',
          }),
        ),
      () => undefined,
    );
    try {
      const value = await block;
      const tookMs = this.#clock.nowMs() - startedMs;
      this.#typicalMs = this.#typicalMs === undefined ? tookMs : this.#typicalMs * (1 - patience.newest) + tookMs * patience.newest;
      return value;
    } catch (error) {
      throw stop.signal.aborted ? stop.signal.reason : error;
    } finally {
      came.abort();
    }
  }
}
