import { messageOf } from '#libs/kernel';
import type { AgentRuntime } from '../runtime/agent-runtime.ts';

/** Copies of header and head among colleagues, besides the coordinator's. */
const copies = 5;

/** Gives this vault's header and head to some of its holders. Best effort: the coordinator has them too. */
export async function spreadDocuments(agent: AgentRuntime, signal: AbortSignal): Promise<void> {
  const { vaultId } = agent.document;
  const documents = await agent.vault.use(async (vault) => ({
    vaultId,
    header: vault.headerBytes,
    head: vault.headBytes,
    sequence: vault.head.sequence,
  }));
  if (documents.sequence < 1) return;
  const swarm = await agent.swarm.start();
  const holders = [...agent.receipts.holders()].filter((id) => agent.roster.member(id)?.state === 'active');
  let given = 0;
  for (const holder of holders) {
    if (given >= copies || signal.aborted) return;
    try {
      await swarm.pushVaultDocuments(holder, documents, { signal: AbortSignal.any([signal, AbortSignal.timeout(20_000)]) });
      given += 1;
    } catch (error) {
      agent.log.write('info', 'a holder did not take the vault documents now', { holder, reason: messageOf(error) });
    }
  }
}
