import { z } from 'zod';
import { deviceId, type DoubtedCopies as Answer, packId } from '#libs/contracts';
import { type DeviceId, isAppError, type PackId } from '#libs/kernel';
import type { JsonFile } from '../home/json-file.ts';

/** `state/doubted-copies.json` */
export const doubtedCopiesState = z.strictObject({
  holders: z.array(z.strictObject({ deviceId, weight: z.number().min(0).max(1) })),
  copies: z.array(z.strictObject({ packId, holderDeviceId: deviceId })),
});
type State = z.infer<typeof doubtedCopiesState>;

/** Answers of 5,000 copies each that are taken in: far more than any vault has. A coordinator that never ends keeps nobody busy for ever. */
const mostAnswers = 1_000;

/**
 * What became of the copies that holders signed for, as the coordinator said last. It can only take away: a copy without a receipt never counts, so a
 * coordinator that lies makes a machine look less safe than it is, and never safer.
 */
export class DoubtedCopies {
  readonly #file: JsonFile<State>;
  #state: State;
  #weights = new Map<DeviceId, number>();
  #copies = new Set<string>();

  private constructor(file: JsonFile<State>, state: State) {
    this.#file = file;
    this.#state = state;
    this.#index();
  }

  /** A file that can't be read says nothing: the next look brings it again. */
  static async open(file: JsonFile<State>): Promise<DoubtedCopies> {
    return new DoubtedCopies(file, (await file.read().catch(() => undefined)) ?? { holders: [], copies: [] });
  }

  /** How much a copy with a receipt counts: 1, less while its holder is doubted, 0 when it is gone. */
  weightOf(packId: PackId, holder: DeviceId): number {
    return this.#copies.has(keyOf(packId, holder)) ? 0 : (this.#weights.get(holder) ?? 1);
  }

  /** Asks for all of it, and keeps it. An older coordinator can't say. Throws what the coordinator's client throws else. */
  async fetch(ask: (after: string, signal: AbortSignal) => Promise<Answer>, signal: AbortSignal): Promise<void> {
    const copies: State['copies'] = [];
    let holders: State['holders'] = [];
    let after: string | null = '';
    for (let answers = 0; after !== null && answers < mostAnswers; answers += 1) {
      const answer: Answer | undefined = await ask(after, signal).catch(unlessUnknown);
      if (!answer) return;
      copies.push(...answer.copies);
      ({ holders } = answer);
      after = answer.next;
    }
    const state = { holders, copies };
    if (JSON.stringify(state) === JSON.stringify(this.#state)) return;
    this.#state = state;
    this.#index();
    await this.#file.write(state);
  }

  #index(): void {
    this.#weights = new Map(this.#state.holders.map((one) => [one.deviceId, one.weight]));
    this.#copies = new Set(this.#state.copies.map((one) => keyOf(one.packId, one.holderDeviceId)));
  }
}

const keyOf = (packId: PackId, holder: DeviceId): string => `${packId}/${holder}`;

function unlessUnknown(error: unknown): undefined {
  if (isAppError(error, 'coordinator_refused') && error.context['httpStatus'] === 404) return undefined;
  throw error;
}
