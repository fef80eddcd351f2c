import type { FileFacts, Platform } from '../platform/index.ts';
import type { ScanClock } from '../scan/look-ahead.ts';
import { Pace } from '../scan/pace.ts';
import { farLimits } from './far-limits.ts';
import { type FarFailure, failureOf } from './far-messages.ts';

/** A name that the mount was asked for in the background. */
interface Look {
  readonly path: Uint8Array;
  readonly answered: Promise<void>;
  found?: FileFacts | FarFailure;
}

/**
 * Looks at names of a far mount: one after the other as long as it is quick, else several at once. Over a line of 20 ms a folder of 1,000 names takes 20 s so, and
 * several at once little more than one. Memory: {@link farLimits.looksAtOnce} names between two calls.
 */
export class FarLooks {
  readonly #platform: Pick<Platform, 'facts' | 'factsLater'>;
  readonly #now: () => number;
  /** How long the mount takes to say what there is at a name. */
  readonly #pace: Pace;
  /** Asked for, and not handed out yet. */
  readonly #looks: Look[] = [];

  constructor(platform: Pick<Platform, 'facts' | 'factsLater'>, { now, heldUpMs }: ScanClock) {
    this.#platform = platform;
    this.#now = now;
    this.#pace = new Pace(now, heldUpMs);
  }

  /**
   * Of the first of these, in their order. Resolves after {@link farLimits.answerMs} with what there is by then, but not before the mount has answered once: so that one that answers
   * one by one, however many it is asked for, isn't taken for a silent one. Of several paths that may be none yet, when what it answered are later ones. What is still on its way
   * the next call hears of, if it asks for the rest. Never rejects.
   */
  async factsOfFirst(paths: readonly Uint8Array[]): Promise<(FileFacts | FarFailure)[]> {
    // Whoever asked wants something else by now.
    if (!this.#looks.every(({ path }, i) => paths[i] && Buffer.compare(path, paths[i]) === 0)) this.#looks.length = 0;
    const found: (FileFacts | FarFailure)[] = [];
    const until = this.#now() + farLimits.answerMs;
    // At least once: this process may have been stopped meanwhile.
    do {
      if (this.#pace.isSlow) this.#askForMore(paths, found.length);
      if (this.#looks.length === 0) found.push(this.#lookNow(paths[found.length]!));
      // What came since the last call is to be had at once.
      else if (!this.#looks[0]!.found) await Promise.race(this.#looks.filter((look) => !look.found).map(({ answered }) => answered));
      while (this.#looks[0]?.found) found.push(this.#looks.shift()!.found!);
    } while (found.length < paths.length && this.#now() < until);
    return found;
  }

  #lookNow(path: Uint8Array): FileFacts | FarFailure {
    const start = this.#now();
    try {
      return this.#platform.facts(Buffer.from(path));
    } catch (error) {
      return failureOf(error);
    } finally {
      this.#pace.took(start, this.#now());
    }
  }

  #askForMore(paths: readonly Uint8Array[], from: number): void {
    while (this.#looks.length < farLimits.looksAtOnce && from + this.#looks.length < paths.length) {
      const path = paths[from + this.#looks.length]!;
      const answered = this.#platform
        .factsLater(Buffer.from(path))
        .catch(failureOf)
        .then((facts) => void (look.found = facts));
      const look: Look = { path, answered };
      this.#looks.push(look);
    }
  }
}
