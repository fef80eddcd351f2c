import type { AgentRuntime } from '../runtime/agent-runtime.ts';

/** What a command waits at most for the coordinator to hear of it; the outbox keeps the rest. */
const patienceMs = 15_000;

/** Tries to empty the outbox. False when something still waits: it is sent later, nothing is lost. */
export async function deliverSoon(agent: AgentRuntime, signal: AbortSignal): Promise<boolean> {
  const either = AbortSignal.any([signal, AbortSignal.timeout(patienceMs)]);
  try {
    await agent.outbox.flush(either);
    return true;
  } catch {
    signal.throwIfAborted();
    return false;
  }
}
