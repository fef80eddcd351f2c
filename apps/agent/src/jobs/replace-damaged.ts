import type { PackId } from '#libs/kernel';
import { Mutex } from '#libs/kernel';
import { type FetchPackOptions, FilePackStore, type HeldPack, type Swarm } from '#libs/swarm';
import { leafCount } from '#libs/vault';
import type { AgentRuntime } from '../runtime/agent-runtime.ts';

/** One at a time: a whole pack is in memory when it is put in place. */
const turn = new Mutex();

/**
 * Fetches a held pack anew whose copy on this disk is damaged. The damaged file stays until the whole one is durable in its place, since
 * its good blocks may be the last ones anywhere. Throws what the swarm throws.
 */
export async function replaceDamaged(
  agent: Pick<AgentRuntime, 'held' | 'paths'>,
  swarm: Pick<Swarm, 'fetchPack'>,
  pack: { readonly packId: PackId; readonly sizeBytes: number; readonly about: HeldPack },
  options: Omit<FetchPackOptions, 'into'>,
): Promise<void> {
  const { packId, sizeBytes, about } = pack;
  await turn.run(async () => {
    const waiting = await FilePackStore.open(agent.paths.repairHeldPacks, { name: 'repaired packs' });
    if (!(await waiting.has(packId))) await swarm.fetchPack(packId, sizeBytes, { ...options, into: waiting });
    const parts: Uint8Array[] = [];
    for await (const leaf of waiting.leaves(packId, 0, leafCount(sizeBytes))) parts.push(leaf);
    const rootBlock = await waiting.rootBlock(packId);
    await agent.held.replace({ packId, kind: about.packKind, bytes: Buffer.concat(parts), rootBlock }, about);
    await waiting.delete(packId);
  });
}
