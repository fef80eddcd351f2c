import { z } from 'zod';
import { restoreOrderValidMs, timeMs } from '#libs/contracts';
import { AgentError } from '../errors.ts';
import type { JsonFile } from '../home/json-file.ts';

const day = 24 * 3_600_000;
/** Clocks of two offices differ; what comes from further ahead would never run out. */
const aheadMs = day;

/** `state/restore-orders.json` */
export const restoreOrdersState = z.array(
  z.strictObject({
    orderId: z.string().max(40),
    orderedAtMs: timeMs,
    restoreId: z.uuid(),
    summary: z.record(z.string(), z.union([z.string(), z.number()])),
  }),
);
type State = z.infer<typeof restoreOrdersState>;
export type RestoreSummary = State[number]['summary'];

interface Order {
  readonly orderId: string;
  readonly orderedAtMs: number;
  readonly restoreId: string;
}

/**
 * Restores that people ordered from the panel: each is carried out to its end once, whoever passes it on how often. What could not be written down, on a disk
 * that the restore itself filled, is known until this process ends, and written with the next one or when it is asked about.
 */
export class RestoreOrders {
  readonly #file: JsonFile<State>;
  #unwritten: State = [];

  constructor(file: JsonFile<State>) {
    this.#file = file;
  }

  /**
   * What became of it, when the same restore was carried out before and the coordinator has not heard of that. Throws `restore_refused` for one that ran out, or
   * that was carried out as another restore.
   */
  async check({ orderId, orderedAtMs, restoreId }: Order, nowMs: number): Promise<RestoreSummary | undefined> {
    const hint = 'when that is not so, the clock of this machine is wrong';
    if (nowMs - orderedAtMs > restoreOrderValidMs) throw refused(`was ordered more than ${restoreOrderValidMs / day} days ago; ${hint}`);
    if (orderedAtMs - nowMs > aheadMs) throw refused(`was ordered at a time that is not yet; ${hint}, or that of whoever sent it`);
    const known = await this.#all();
    if (this.#unwritten.length > 0) await this.#write(known).catch(() => undefined);
    const before = known.find((done) => done.orderId === orderId);
    if (before && before.restoreId !== restoreId) throw refused('was carried out before');
    return before?.summary;
  }

  /** For one that was carried out, wholly or with errors. Throws what the disk throws; until this process ends it is known all the same. */
  async done({ orderId, orderedAtMs, restoreId }: Order, summary: RestoreSummary, nowMs: number): Promise<void> {
    this.#unwritten = [...this.#unwritten, { orderId, orderedAtMs, restoreId, summary }];
    await this.#write((await this.#all()).filter((order) => nowMs - order.orderedAtMs <= restoreOrderValidMs + aheadMs));
  }

  async #write(all: State): Promise<void> {
    await this.#file.write(all);
    this.#unwritten = [];
  }

  async #all(): Promise<State> {
    return [...((await this.#file.read()) ?? []), ...this.#unwritten];
  }
}

const refused = (why: string): AgentError =>
  new AgentError('restore_refused', `the restore ${why}`, { nextStep: 'Send it again from the panel.' });
