import { HOUR_MS } from './presence-model.ts';

/** What happens in which hour. */
export class HourCalendar<T> {
  readonly #hours = new Map<number, T[]>();

  /** In the hour of `atMs`; what is past already, in that of `nowMs`. */
  add(atMs: number, nowMs: number, what: T): void {
    const hour = Math.max(Math.floor(atMs / HOUR_MS), Math.floor(nowMs / HOUR_MS));
    const there = this.#hours.get(hour);
    if (there) there.push(what);
    else this.#hours.set(hour, [what]);
  }

  /** Takes out what happens in an hour. */
  take(hour: number): T[] {
    const there = this.#hours.get(hour) ?? [];
    this.#hours.delete(hour);
    return there;
  }
}
