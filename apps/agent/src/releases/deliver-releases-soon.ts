import type { AgentRuntime } from '../runtime/agent-runtime.ts';
import { releaseLimits } from './release-limits.ts';

/** Tells the coordinator of new heads and releases, and learns what becomes of them. False when something could not be told: it is told later. */
export async function deliverReleasesSoon(agent: Pick<AgentRuntime, 'releases'>, signal: AbortSignal): Promise<boolean> {
  try {
    await agent.releases.deliver(AbortSignal.any([signal, AbortSignal.timeout(releaseLimits.patienceMs)]));
    return true;
  } catch {
    signal.throwIfAborted();
    return false;
  }
}
