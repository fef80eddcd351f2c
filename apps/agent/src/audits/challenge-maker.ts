import type { AgentRuntime } from '../runtime/agent-runtime.ts';
import { auditLimits } from './audit-limits.ts';
import { makeChallenges } from './make-challenges.ts';

/**
 * Makes challenges when asked to, at most once in a while: many receipts lead to one look. Not while the device is to be left alone or a backup runs: what was asked for
 * meanwhile, or was broken off, is done when that is over, since nobody asks again before the next receipt.
 */
export class ChallengeMaker {
  readonly #agent: AgentRuntime;
  #lastAtMs = Number.NEGATIVE_INFINITY;

  constructor(agent: AgentRuntime) {
    this.#agent = agent;
  }

  /** Resolves when the coordinator had enough of them. Throws the signal's reason, and what the coordinator throws. */
  async run(signal: AbortSignal): Promise<void> {
    const { backups, clock, log, manners } = this.#agent;
    for (let over = false; !over;) {
      while (backups.isRunning) await clock.sleep(auditLimits.mintAtMostEveryMs, signal);
      await manners.until('background', signal);
      await clock.sleep(Math.max(0, this.#lastAtMs + auditLimits.mintAtMostEveryMs - clock.nowMs()), signal);
      // Paused in the meantime, or unplugged.
      if (manners.waits('background') !== null) continue;
      this.#lastAtMs = clock.nowMs();
      const { packs, isAll } = await makeChallenges(this.#agent, signal);
      if (packs > 0) log.write('info', 'made challenges for audits', { packs });
      over = isAll;
    }
  }
}
