import type { Inventory } from '#libs/contracts';
import type { AgentRuntime } from '../runtime/agent-runtime.ts';

const partSize = 10_000;

/**
 * Tells the coordinator everything that is held here for others, in parts. The first part is empty and comes before anything is looked at: what is not named
 * counts as gone unless it was signed for since that part, and a pack that a job brings while this looks may be missed by it.
 */
export async function sendInventory(
  agent: Pick<AgentRuntime, 'held' | 'damagedCopies'> & { readonly coordinator: Pick<AgentRuntime['coordinator'], 'inventory'> },
  signal: AbortSignal,
): Promise<void> {
  let part = 1;
  let packs: Inventory['packs'] = [];
  await agent.coordinator.inventory({ part: 0, last: false, packs: [] }, signal);
  for await (const { packId, sizeBytes, about } of agent.held.inventory()) {
    // A pack without its note is no use to anybody who asks for it by owner; the scrub reports it.
    if (!about) continue;
    // What is damaged is no copy: the coordinator was told so.
    if (agent.damagedCopies.has(packId)) continue;
    packs.push({ packId, sizeBytes, vaultId: about.vaultId, ownerDeviceId: about.ownerDeviceId });
    if (packs.length === partSize) {
      await agent.coordinator.inventory({ part, last: false, packs }, signal);
      part += 1;
      packs = [];
    }
  }
  await agent.coordinator.inventory({ part, last: true, packs }, signal);
}
