import type { Clock } from '#libs/kernel';
import type { Link } from '../network/link.ts';
import type { TransferRates } from '../swarm-types.ts';
import { RateLimit } from './rate-limit.ts';

/** A timer can't be set for longer than 24 days, and a rate next to nothing asks for more: so it is waited in parts. */
const longestSleepMs = 3_600_000;

/** Bytes a second in one direction; null: no limit. A link that is absent has none of its own. */
export interface RatesOfLinks {
  readonly general: number | null;
  readonly lan?: number | null;
  readonly relay?: number | null;
}

/** One direction of a swarm's rates. */
export function ratesOfLinks(rates: TransferRates | undefined, direction: 'uploadBytesPerSecond' | 'downloadBytesPerSecond'): RatesOfLinks {
  const { lan, relay } = rates ?? {};
  return {
    general: rates?.[direction] ?? null,
    ...(lan && { lan: lan[direction] }),
    ...(relay && { relay: relay[direction] }),
  };
}

/** What paces one conversation. */
export interface LinkPace {
  /** True while nothing waits on this link. May change at any time. */
  readonly unlimited: boolean;
  /** Resolves when these bytes may go; rejects with the signal's reason. */
  take(bytes: number, signal?: AbortSignal): Promise<void>;
}

/**
 * The limits of one direction by link. All links share the general limit, except that a local network with a limit of its
 * own has that instead, and the relay with a limit of its own has that besides: it is never quicker than the link that it
 * runs over. New rates hold at once, for what waits as well: nobody sits out a limit that is no longer in force.
 */
export class LinkRates {
  readonly #clock: Clock;
  readonly #limits: Readonly<Record<'general' | 'lan' | 'relay', RateLimit>>;
  readonly #waiting = new Set<AbortController>();
  #rates: RatesOfLinks;

  constructor(clock: Clock, rates: RatesOfLinks) {
    this.#clock = clock;
    this.#rates = rates;
    this.#limits = {
      general: new RateLimit(clock, rates.general),
      lan: new RateLimit(clock, rates.lan ?? null),
      relay: new RateLimit(clock, rates.relay ?? null),
    };
  }

  /** The same rates again change nothing: no allowance begins anew. */
  set(rates: RatesOfLinks): void {
    const before = this.#rates;
    if (before.general === rates.general && before.lan === rates.lan && before.relay === rates.relay) return;
    this.#rates = rates;
    this.#limits.general.set(rates.general);
    this.#limits.lan.set(rates.lan ?? null);
    this.#limits.relay.set(rates.relay ?? null);
    for (const waiting of [...this.#waiting]) waiting.abort();
  }

  /** The pace of a conversation over this link, under the rates of the moment at which it is asked. */
  of(link: Link): LinkPace {
    const isUnlimited = (): boolean => this.#of(link).every((limit) => limit.unlimited);
    return {
      get unlimited() {
        return isUnlimited();
      },
      take: (bytes, signal) => this.#take(link, bytes, signal),
    };
  }

  #of(link: Link): readonly RateLimit[] {
    const { general, lan, relay } = this.#limits;
    if (link === 'lan') return [this.#rates.lan === undefined ? general : lan];
    return link === 'relay' ? [general, relay] : [general];
  }

  async #take(link: Link, bytes: number, signal?: AbortSignal): Promise<void> {
    // Booked with all at once, and the longest wait counts: one after the other would add them up.
    while (!(await this.#waited(Math.max(...this.#of(link).map((limit) => limit.book(bytes))), signal)));
  }

  /** False when the rates changed before the time was up. Counts what it slept, so that a clock that is set changes nothing. */
  async #waited(waitMs: number, signal?: AbortSignal): Promise<boolean> {
    const rates = this.#rates;
    for (let leftMs = waitMs; leftMs > 0; leftMs -= longestSleepMs) {
      signal?.throwIfAborted();
      const waiting = new AbortController();
      const onAbort = (): void => waiting.abort();
      signal?.addEventListener('abort', onAbort, { once: true });
      this.#waiting.add(waiting);
      try {
        await this.#clock.sleep(Math.min(leftMs, longestSleepMs), waiting.signal);
      } catch (error) {
        signal?.throwIfAborted();
        if (!waiting.signal.aborted) throw error;
      } finally {
        signal?.removeEventListener('abort', onAbort);
        this.#waiting.delete(waiting);
      }
      if (this.#rates !== rates) return false;
    }
    return true;
  }
}
