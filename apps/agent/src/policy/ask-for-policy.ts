import type { AgentRuntime } from '../runtime/agent-runtime.ts';

/** A coordinator that does not answer keeps no backup waiting for longer. */
const patienceMs = 3_000;

/** The newest policy, for a command without a daemon, which nobody else tells of it: folders, retention, and how many copies make a snapshot protected. The known one stays where none can be had. */
export async function askForPolicy(agent: AgentRuntime, signal: AbortSignal): Promise<void> {
  const either = AbortSignal.any([signal, AbortSignal.timeout(patienceMs)]);
  try {
    await agent.policy.accept(await agent.coordinator.policy(either), agent.clock.nowMs());
  } catch {
    signal.throwIfAborted();
  }
}
