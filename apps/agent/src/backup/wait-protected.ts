import { AgentError } from '../errors.ts';
import type { ProgressEvent } from '../output/command-event.ts';
import { formatCount } from '../output/format.ts';
import { fetchReceipts } from '../receipts/fetch-receipts.ts';
import { lookAtCopies } from '../receipts/look-at-copies.ts';
import type { AgentRuntime } from '../runtime/agent-runtime.ts';
import { deliverSoon } from './deliver-soon.ts';

/** Receipts are asked for this often; in the daemon the channel brings them earlier. */
const pollMs = 1_000;

/**
 * Resolves when every pack of the newest snapshot has enough holders. Somebody must serve its packs meanwhile, see `serveWhileWaiting`.
 * Throws `not_protected_in_time`.
 */
export async function waitProtected(
  agent: AgentRuntime,
  options: { readonly timeoutMs: number; readonly signal: AbortSignal; readonly onProgress: (progress: ProgressEvent) => void },
): Promise<void> {
  const { clock, protection } = agent;
  const untilMs = clock.nowMs() + options.timeoutMs;
  for (;;) {
    await deliverSoon(agent, options.signal);
    await fetchReceipts(agent, options.signal).catch(() => undefined);
    await lookAtCopies(agent, options.signal).catch(() => undefined);
    await protection.refresh();
    const { latest, packsWaiting } = protection.view('newest');
    if (latest && packsWaiting === 0) return;
    const total = latest?.packIds.length ?? 0;
    options.onProgress({
      event: 'progress',
      phase: 'protect',
      filesDone: total - packsWaiting,
      filesTotal: total,
      bytesDone: 0,
      current: `${formatCount(packsWaiting, 'pack')} without enough holders`,
    });
    if (clock.nowMs() >= untilMs) {
      throw new AgentError('not_protected_in_time', `${formatCount(packsWaiting, 'pack')} with too few holders still`, {
        status: 'temporary',
        context: { packsWaiting },
        nextStep: 'The snapshot is captured; holders get it when they are online. "holdfast status" shows when it is protected.',
      });
    }
    await clock.sleep(pollMs, options.signal);
  }
}
