import type { AgentRuntime } from '../runtime/agent-runtime.ts';
import { auditLimits } from './audit-limits.ts';
import { makeChallenges } from './make-challenges.ts';

/** Makes challenges when asked to, not while the device is to be left alone, and at most once in a while: many receipts lead to one look. */
export class ChallengeMaker {
  readonly #agent: AgentRuntime;
  #lastAtMs = Number.NEGATIVE_INFINITY;

  constructor(agent: AgentRuntime) {
    this.#agent = agent;
  }

  async run(signal: AbortSignal): Promise<void> {
    const { clock, log, manners } = this.#agent;
    if (manners.waits('background') !== null) return;
    await clock.sleep(Math.max(0, this.#lastAtMs + auditLimits.mintAtMostEveryMs - clock.nowMs()), signal);
    // Paused in the meantime, or unplugged.
    if (manners.waits('background') !== null) return;
    this.#lastAtMs = clock.nowMs();
    const packs = await makeChallenges(this.#agent, signal);
    if (packs > 0) log.write('info', 'made challenges for audits', { packs });
  }
}
