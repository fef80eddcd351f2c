import type { Clock } from '#libs/kernel';

/** `plan` only in a restore; `commit` writes trees, index and head. */
export type Phase = 'scan' | 'plan' | 'transfer' | 'metadata' | 'commit' | 'check';

export interface Progress {
  readonly phase: Phase;
  readonly filesDone: number;
  /** Plain bytes of the files done so far, unchanged ones included. */
  readonly bytesDone: number;
  /** Estimates from the parent snapshot in a backup, exact in a restore; undefined when nothing is known. */
  readonly filesTotal: number | undefined;
  readonly bytesTotal: number | undefined;
  /** Path that is being worked on, for people. */
  readonly current: string | undefined;
  readonly errors: number;
}

export type OnProgress = (progress: Progress) => void;

/** Passes on at most one event per interval, and always one whose phase is new. */
export class ProgressReporter {
  readonly #report: OnProgress | undefined;
  readonly #clock: Clock;
  readonly #intervalMs: number;
  #lastMs = Number.NEGATIVE_INFINITY;
  #lastPhase: Phase | undefined;

  constructor(report: OnProgress | undefined, clock: Clock, intervalMs = 200) {
    this.#report = report;
    this.#clock = clock;
    this.#intervalMs = intervalMs;
  }

  /** `make` is called only when an event is due. */
  update(phase: Phase, make: () => Omit<Progress, 'phase'>): void {
    if (!this.#report) return;
    const now = this.#clock.nowMs();
    if (phase === this.#lastPhase && now - this.#lastMs < this.#intervalMs) return;
    this.#lastMs = now;
    this.#lastPhase = phase;
    this.#report({ phase, ...make() });
  }
}
