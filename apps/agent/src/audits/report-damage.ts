import type { ScrubReport } from '#libs/contracts';
import type { AgentRuntime } from '../runtime/agent-runtime.ts';

/** Tells the coordinator of damaged packs outside of a scrub, by way of the outbox: it is not forgotten. */
export async function reportDamage(agent: AgentRuntime, store: ScrubReport['store'], damaged: ScrubReport['damaged']): Promise<void> {
  const startedAtMs = agent.clock.nowMs();
  for (const { packId, leaves, repaired } of damaged) {
    agent.log.write('warn', 'a pack on this disk is damaged', { store, packId, damagedBlocks: leaves, repaired });
    if (store === 'held') await agent.damagedCopies.note(packId, true);
  }
  await agent.outbox.put({
    kind: 'scrub',
    body: { store, startedAtMs, endedAtMs: null, asked: null, packs: 0, sizeBytes: 0, found: damaged.length, damaged },
  });
}
