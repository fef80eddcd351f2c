import type { AgentRuntime } from '../runtime/agent-runtime.ts';
import { spreadDocuments } from './spread-documents.ts';
import { fetchReceipts } from './fetch-receipts.ts';
import { lookAtCopies } from './look-at-copies.ts';

export interface ReceiptsSyncSteps {
  readonly fetch: () => Promise<unknown>;
  readonly look: () => Promise<void>;
  /** Both have been asked for. */
  readonly asked: () => void;
  readonly refresh: () => Promise<boolean>;
  /** The head of the newest snapshot; 0: there is none. */
  readonly headSequence: () => number;
  readonly spread: () => Promise<void>;
}

/**
 * What holders signed, and what became of it since: both are asked for each time, whatever becomes of the other, and what `status` says is renewed by
 * what came. Once per head the vault's way in goes to colleagues, when its snapshot is protected.
 */
export class ReceiptsSync {
  readonly #steps: ReceiptsSyncSteps;
  #spreadSequence = 0;

  constructor(steps: ReceiptsSyncSteps) {
    this.#steps = steps;
  }

  static of(
    agent: AgentRuntime,
    options: { readonly renewRoster: () => Promise<void>; readonly asked: () => void; readonly signal: AbortSignal },
  ): ReceiptsSync {
    const { signal, renewRoster, asked } = options;
    return new ReceiptsSync({
      fetch: () => fetchReceipts(agent, signal, renewRoster),
      look: () => lookAtCopies(agent, signal),
      asked,
      refresh: () => agent.protection.refresh(),
      headSequence: () => {
        // By the head: after a prune the old one names packs that will go.
        const { latest } = agent.protection.view();
        return latest?.headSequence ?? latest?.sequence ?? 0;
      },
      spread: async () => {
        signal.throwIfAborted();
        agent.log.write('info', 'the latest snapshot is protected', { sequence: agent.protection.view().latest?.sequence });
        await spreadDocuments(agent, signal);
      },
    });
  }

  /** Throws what failed, the first of it, after everything else was done. */
  async run(): Promise<void> {
    const { fetch, look, asked, refresh, headSequence, spread } = this.#steps;
    const outcomes = [await settled(fetch), await settled(look)];
    asked();
    // Copies that are gone take away and receipts add: by one of them alone it is still nearer to the truth than before.
    if ((await refresh()) && headSequence() > this.#spreadSequence) {
      const head = headSequence();
      await spread();
      this.#spreadSequence = head;
    }
    const failed = outcomes.find((one) => one.status === 'rejected');
    if (failed) throw failed.reason;
  }
}

const settled = async (step: () => Promise<unknown>): Promise<PromiseSettledResult<unknown>> => (await Promise.allSettled([step()]))[0];
