import type { LocalVault } from '#libs/engine';
import type { AgentRuntime } from '../runtime/agent-runtime.ts';
import { retentionOfVault } from './retention-of-vault.ts';

/**
 * Forgets what the policy's retention does not keep. Returns the sequences. Nothing while the coordinator can't be asked: what is pinned in the panel is known
 * there alone, and room becomes free only by a release, which needs the coordinator too.
 */
export async function forgetByPolicy(agent: AgentRuntime, vault: LocalVault, signal: AbortSignal): Promise<number[]> {
  const { plan, pinsKnown } = await retentionOfVault(agent, vault, agent.policy.effective.retention, signal);
  const sequences = plan.forget.map(({ sequence }) => sequence);
  if (sequences.length === 0) return [];
  if (!pinsKnown) {
    agent.log.write('info', 'nothing is forgotten while the coordinator can not say what is pinned', { snapshots: sequences.length });
    return [];
  }
  const { forget } = await import('#libs/engine');
  await forget(vault, sequences);
  await agent.reporter.reconcile(vault, { needsUnchanged: true });
  return sequences;
}
