import type { AgentRuntime } from '../runtime/agent-runtime.ts';

/**
 * One look at everything that concerns deleting: releases of held packs, holds that are over, own proposals. Each by itself, so that
 * trouble with one keeps no cancel from being heard. Throws the first failure.
 */
export async function followReleases({ holds, releases }: Pick<AgentRuntime, 'releases' | 'holds'>, signal: AbortSignal): Promise<void> {
  const failures: unknown[] = [];
  const steps = [() => holds.sync(signal), () => holds.deleteDue(signal), () => releases.deliver(signal)];
  for (const step of steps) {
    signal.throwIfAborted();
    await step().catch((error: unknown) => failures.push(error));
  }
  if (failures.length > 0) throw failures[0];
}
