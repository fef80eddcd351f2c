import { errorFields } from '../log/agent-log.ts';
import type { AgentRuntime } from '../runtime/agent-runtime.ts';
import { syncRoster } from './sync-roster.ts';

/** A coordinator that does not answer keeps no restore waiting for longer: then colleagues are where they were last known to be. */
const patienceMs = 5_000;

/**
 * The newest roster, for a command without a daemon, which nobody else tells of it: since the last one colleagues may have come, gone, or been started again
 * at other addresses. False where none can be had: then the known one stays.
 */
export async function askForRoster(agent: AgentRuntime, signal?: AbortSignal): Promise<boolean> {
  const patience = AbortSignal.timeout(patienceMs);
  try {
    await syncRoster(agent, signal ? AbortSignal.any([signal, patience]) : patience);
    return true;
  } catch (error) {
    signal?.throwIfAborted();
    agent.log.write('warn', 'the newest roster could not be had', errorFields(error));
    return false;
  }
}
