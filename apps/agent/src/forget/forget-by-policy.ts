import type { LocalVault } from '#libs/engine';
import type { AgentRuntime } from '../runtime/agent-runtime.ts';
import { retentionOfVault } from './retention-of-vault.ts';

/** Forgets what the policy's retention does not keep. Returns the sequences. */
export async function forgetByPolicy(agent: AgentRuntime, vault: LocalVault, signal: AbortSignal): Promise<number[]> {
  const { plan } = await retentionOfVault(agent, vault, agent.policy.effective.retention, signal);
  const sequences = plan.forget.map(({ sequence }) => sequence);
  if (sequences.length === 0) return [];
  const { forget } = await import('#libs/engine');
  await forget(vault, sequences);
  await agent.reporter.reconcile(vault, { needsUnchanged: true });
  return sequences;
}
