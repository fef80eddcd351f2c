import { z } from 'zod';
import { restoreOrderValidMs, timeMs } from '#libs/contracts';
import { AgentError } from '../errors.ts';
import type { JsonFile } from '../home/json-file.ts';

const day = 24 * 3_600_000;
/** Clocks of two offices differ; what comes from further ahead would never run out. */
const aheadMs = day;

/** `state/restore-orders.json` */
export const restoreOrdersState = z.array(z.strictObject({ orderId: z.string().max(40), orderedAtMs: timeMs }));
type State = z.infer<typeof restoreOrdersState>;

interface Order {
  readonly orderId: string;
  readonly orderedAtMs: number;
}

/** Restores that people ordered from the panel: each is carried out once, whoever passes it on how often. */
export class RestoreOrders {
  readonly #file: JsonFile<State>;

  constructor(file: JsonFile<State>) {
    this.#file = file;
  }

  /** Throws `restore_refused` for one that ran out, or that was carried out before. */
  async check({ orderId, orderedAtMs }: Order, nowMs: number): Promise<void> {
    if (nowMs - orderedAtMs > restoreOrderValidMs) throw refused(`was ordered more than ${restoreOrderValidMs / day} days ago`);
    if (orderedAtMs - nowMs > aheadMs) throw refused('was ordered at a time that is not yet; one of the two clocks is wrong');
    if ((await this.#all()).some((done) => done.orderId === orderId)) throw refused('was carried out before');
  }

  /** For one that was carried out, wholly or with errors. */
  async done({ orderId, orderedAtMs }: Order, nowMs: number): Promise<void> {
    const kept = (await this.#all()).filter((order) => nowMs - order.orderedAtMs <= restoreOrderValidMs + aheadMs);
    await this.#file.write([...kept, { orderId, orderedAtMs }]);
  }

  async #all(): Promise<State> {
    return (await this.#file.read()) ?? [];
  }
}

const refused = (why: string): AgentError =>
  new AgentError('restore_refused', `the restore ${why}`, { nextStep: 'Send it again from the panel.' });
