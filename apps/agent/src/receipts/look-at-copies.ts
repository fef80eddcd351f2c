import type { AgentRuntime } from '../runtime/agent-runtime.ts';

/** Asks the coordinator what became of the copies that this device has receipts for. Throws what its client throws. */
export const lookAtCopies = ({ doubted, coordinator }: Pick<AgentRuntime, 'doubted' | 'coordinator'>, signal: AbortSignal): Promise<void> =>
  doubted.fetch((after, either) => coordinator.doubtedCopies(after, either), signal);
