import { scanLimits } from './limits.ts';

/**
 * Whether a file system makes this thread wait, by how long calls take in it: its answers come from memory in microseconds and from a disk in many times that. Only
 * the part of all time counts. Where others are what a run waits for, nothing would be gained by hurrying.
 */
export class Pace {
  readonly #now: () => number;
  readonly #heldUpMs: () => number;
  #heldAtStart = 0;
  #heldBefore = 0;
  #since: number | undefined;
  #waitedMs = 0;
  #waits = 0;
  #slowUntil = Number.NEGATIVE_INFINITY;
  #slowForMs: number = scanLimits.slowForMs;

  /** `now`: milliseconds from anywhere, never going back. `heldUpMs`: how long others had the cores meanwhile; that is no waiting for a disk. */
  constructor(now: () => number, heldUpMs: () => number) {
    this.#now = now;
    this.#heldUpMs = heldUpMs;
  }

  /** Whoever goes on asking in this thread would mostly wait. */
  get isSlow(): boolean {
    return this.#slowUntil > 0 && this.#now() < this.#slowUntil;
  }

  /** A call that went on from `startMs` to `endMs`; up to `quickMs` of it are no waiting. */
  took(startMs: number, endMs: number, quickMs: number = scanLimits.slowCallMs): void {
    if (this.#since === undefined) {
      this.#since = startMs;
      this.#heldAtStart = this.#heldBefore = this.#heldUpMs();
    }
    if (endMs - startMs > quickMs) this.#waited(endMs - startMs, quickMs);
    const passedMs = endMs - this.#since;
    if (passedMs < scanLimits.windowMs) return;
    const ownMs = passedMs - (this.#heldUpMs() - this.#heldAtStart);
    const mostlyWaited = this.#waitedMs > 0 && this.#waitedMs >= scanLimits.slowShare * ownMs;
    // A very slow disk takes longer than that for so few.
    if (mostlyWaited && this.#waits < scanLimits.slowCalls) return;
    if (mostlyWaited) this.#slowUntil = endMs + this.#slowForMs;
    this.#slowForMs = mostlyWaited ? Math.min(2 * this.#slowForMs, scanLimits.slowForMostMs) : scanLimits.slowForMs;
    this.#since = undefined;
    this.#waitedMs = 0;
    this.#waits = 0;
  }

  /** On a busy machine most calls that seem to wait were only interrupted. What came since the last such call is taken off as well: it can't be told apart. */
  #waited(tookMs: number, quickMs: number): void {
    const heldMs = this.#heldUpMs();
    const waitedMs = tookMs - (heldMs - this.#heldBefore);
    this.#heldBefore = heldMs;
    if (waitedMs <= quickMs) return;
    this.#waits += 1;
    this.#waitedMs += waitedMs;
  }
}
