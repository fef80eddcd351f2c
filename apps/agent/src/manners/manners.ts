import { z } from 'zod';
import type { MachineCosts, PowerFacts } from '#libs/engine';
import type { Clock } from '#libs/kernel';
import { AgentError } from '../errors.ts';
import type { JsonFile } from '../home/json-file.ts';
import { mannerLimits } from './manner-limits.ts';
import type { MannerFacts, WaitReason, Work } from './wait-reason.ts';
import { waitReason } from './wait-reason.ts';

/** `state/pause.json` */
export const pauseState = z.strictObject({ pausedAtMs: z.number(), untilMs: z.number() });
export type PauseState = z.infer<typeof pauseState>;

export interface MannersPorts {
  readonly clock: Clock;
  readonly file: JsonFile<PauseState>;
  readonly costs: () => Promise<MachineCosts>;
  readonly rosterConfirmedAtMs: () => number;
  readonly rpoDueAtMs: () => number | null;
}

/** When this device keeps quiet, and why. */
export class Manners {
  readonly #ports: MannersPorts;
  #pause: PauseState | undefined;
  #power: PowerFacts | null = null;
  #metered: boolean | null = null;
  #changed = new AbortController();

  private constructor(ports: MannersPorts) {
    this.#ports = ports;
  }

  /** A file that can't be read is no pause. */
  static async open(ports: MannersPorts): Promise<Manners> {
    const manners = new Manners(ports);
    manners.#pause = await ports.file.read().catch(() => undefined);
    return manners;
  }

  get metered(): boolean | null {
    return this.#metered;
  }

  /** When the pause in force ends, or null. */
  get pausedUntilMs(): number | null {
    const pause = this.#pause;
    const nowMs = this.#ports.clock.nowMs();
    // A clock that was set back must not make a pause longer than any can be.
    return pause && nowMs < pause.untilMs && pause.untilMs - nowMs <= mannerLimits.longestPauseMs ? pause.untilMs : null;
  }

  /** Looks at battery and connection again. Never throws: what can't be told is not waited for. */
  async look(): Promise<void> {
    try {
      const costs = await this.#ports.costs();
      [this.#power, this.#metered] = await Promise.all([costs.power(), costs.metered()]);
    } catch {
      [this.#power, this.#metered] = [null, null];
    }
  }

  waits(work: Work): WaitReason | null {
    const { clock, rosterConfirmedAtMs, rpoDueAtMs } = this.#ports;
    const nowMs = clock.nowMs();
    const facts: MannerFacts = {
      ...{ nowMs, pausedUntilMs: this.pausedUntilMs, power: this.#power, metered: this.#metered, rpoDueAtMs: rpoDueAtMs() },
      rosterAgeMs: nowMs - rosterConfirmedAtMs(),
    };
    return waitReason(work, facts);
  }

  /** Whether packs and documents may be given to colleagues by a roster as old as this one. */
  mayGiveOut(): boolean {
    return this.#rosterAgeMs() <= mannerLimits.rosterForReadsMs;
  }

  /** Whether anything new may be taken in from them. */
  mayTakeIn(): boolean {
    return this.#rosterAgeMs() <= mannerLimits.rosterForWritesMs;
  }

  /** Resolves when this work need not wait; looks again about once a minute. Throws the signal's reason. */
  async until(work: Work, signal: AbortSignal): Promise<void> {
    for (;;) {
      signal.throwIfAborted();
      if (this.waits(work) === null) return;
      await this.#ports.clock.sleep(mannerLimits.lookMs, AbortSignal.any([signal, this.#changed.signal])).catch(() => undefined);
    }
  }

  /** Durable when it resolves. Returns when it ends. Throws `bad_argument`. */
  async pause(durationMs: number = mannerLimits.pauseMs): Promise<number> {
    if (!(durationMs > 0) || durationMs > mannerLimits.longestPauseMs)
      throw new AgentError('bad_argument', 'a pause is at most 7 days long', { nextStep: 'Pause again when it has ended.' });
    const pausedAtMs = this.#ports.clock.nowMs();
    this.#pause = { pausedAtMs, untilMs: pausedAtMs + durationMs };
    await this.#ports.file.write(this.#pause);
    this.#wake();
    return this.#pause.untilMs;
  }

  /** Returns whether there was a pause. */
  async resume(): Promise<boolean> {
    const was = this.pausedUntilMs !== null;
    if (this.#pause) await this.#ports.file.write({ ...this.#pause, untilMs: this.#pause.pausedAtMs });
    this.#pause = undefined;
    this.#wake();
    return was;
  }

  #rosterAgeMs(): number {
    return this.#ports.clock.nowMs() - this.#ports.rosterConfirmedAtMs();
  }

  #wake(): void {
    const before = this.#changed;
    this.#changed = new AbortController();
    before.abort();
  }
}
