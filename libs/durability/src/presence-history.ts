import { DurabilityError } from './errors.ts';
import type { DurabilitySettings } from './settings.ts';

/** Hours of a week, Monday 00 UTC first. */
export const HOURS_OF_WEEK = 168;
const HOUR_MS = 3_600_000;
/** A step in which an hour's presence is kept: a byte holds 0 to 250, 255 is "never looked". */
const STEPS = 250;
const UNKNOWN = 255;
/** Absences are counted in classes of a quarter of a power of two, from one minute to about three years. */
const GAP_CLASSES = 84;
const CLASSES_PER_DOUBLING = 4;
const FIRST_GAP_MS = 60_000;

/** The hour of the week of a moment, 0 (Monday 00:00 UTC) to 167. */
export const hourOfWeek = (atMs: number): number => (((Math.floor(atMs / HOUR_MS) + 72) % HOURS_OF_WEEK) + HOURS_OF_WEEK) % HOURS_OF_WEEK;

/**
 * When a device is usually there: how often it was seen in each hour of the week (newer weeks weigh more), and how long its absences
 * are. 252 bytes, so that five thousand devices fit into a megabyte; a value, replaced when it grows.
 */
export class PresenceHistory {
  readonly #bytes: Uint8Array;

  private constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  static empty(): PresenceHistory {
    return new PresenceHistory(new Uint8Array(HOURS_OF_WEEK + GAP_CLASSES).fill(UNKNOWN, 0, HOURS_OF_WEEK));
  }

  /** Throws `presence_invalid` for anything that {@link bytes} never gives. */
  static fromBytes(bytes: Uint8Array): PresenceHistory {
    if (bytes.length !== HOURS_OF_WEEK + GAP_CLASSES || bytes.subarray(0, HOURS_OF_WEEK).some((bin) => bin > STEPS && bin !== UNKNOWN))
      throw new DurabilityError('presence_invalid', `A presence history of ${bytes.length} bytes can't be read.`);
    return new PresenceHistory(bytes.slice());
  }

  get bytes(): Uint8Array {
    return this.#bytes.slice();
  }

  /** An hour that is over: whether the device was seen in it. */
  withHour(hour: number, seen: boolean, settings: DurabilitySettings): PresenceHistory {
    const bytes = this.bytes;
    const first = bytes[hour] === UNKNOWN;
    const target = seen ? STEPS : 0;
    // Rounded away from where it was, or a byte would stand still short of its end.
    const step = first ? target : bytes[hour]! + (target - bytes[hour]!) * settings.presence.newestWeek;
    bytes[hour] = seen ? Math.ceil(step) : Math.floor(step);
    return new PresenceHistory(bytes);
  }

  /** An absence that ended. When a class is full all are halved: old habits fade. */
  withGap(gapMs: number): PresenceHistory {
    const bytes = this.bytes;
    const at = HOURS_OF_WEEK + classOf(gapMs);
    if (bytes[at] === 255) for (let n = HOURS_OF_WEEK; n < bytes.length; n += 1) bytes[n]! >>= 1;
    bytes[at]! += 1;
    return new PresenceHistory(bytes);
  }

  /** How likely it is there in an hour of the week, 0 to 1. */
  at(hour: number, settings: DurabilitySettings): number {
    const bin = this.#bytes[hour]!;
    return bin === UNKNOWN ? settings.presence.unknownHour : bin / STEPS;
  }

  /** Share of the week that it is there, 0 to 1: the average of the 168 hours. */
  average(settings: DurabilitySettings): number {
    let sum = 0;
    for (let hour = 0; hour < HOURS_OF_WEEK; hour += 1) sum += this.at(hour, settings);
    return sum / HOURS_OF_WEEK;
  }

  /** The absence that 95 % of its absences stay below (the upper end of its class); null before enough were seen. */
  gap95Ms(settings: DurabilitySettings): number | null {
    const counts = this.#bytes.subarray(HOURS_OF_WEEK);
    const total = counts.reduce((a, b) => a + b, 0);
    if (total < settings.presence.gapsNeeded) return null;
    let seen = 0;
    for (let at = 0; at < GAP_CLASSES; at += 1) {
      seen += counts[at]!;
      if (seen >= total * 0.95) return FIRST_GAP_MS * 2 ** ((at + 1) / CLASSES_PER_DOUBLING);
    }
    return null;
  }
}

function classOf(gapMs: number): number {
  const at = Math.floor(Math.log2(Math.max(gapMs, FIRST_GAP_MS) / FIRST_GAP_MS) * CLASSES_PER_DOUBLING);
  return Math.min(at, GAP_CLASSES - 1);
}
