import type { AgentRuntime } from '../runtime/agent-runtime.ts';

type Followed = Pick<AgentRuntime, 'releases' | 'holds' | 'trims' | 'trimHolds' | 'manners'>;

/**
 * One look at everything that concerns deleting: releases and trims of held packs, holds that are over, own proposals, own copies that are too many. Each by
 * itself, so that trouble with one keeps no cancel from being heard. Throws the first failure.
 */
export async function followReleases({ holds, releases, trims, trimHolds, manners }: Followed, signal: AbortSignal): Promise<void> {
  const failures: unknown[] = [];
  const steps = [
    ...[() => holds.sync(signal), () => holds.deleteDue(signal)],
    ...[() => trimHolds.sync(signal), () => trimHolds.deleteDue(signal)],
    () => releases.deliver(signal),
    // Asks others for blocks: not on battery, and not while this device keeps quiet.
    async () => void (manners.waits('background') === null && (await trims.look(signal))),
  ];
  for (const step of steps) {
    signal.throwIfAborted();
    await step().catch((error: unknown) => failures.push(error));
  }
  if (failures.length > 0) throw failures[0];
}
