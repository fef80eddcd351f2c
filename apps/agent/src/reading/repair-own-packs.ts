import { isAppError, type PackId } from '#libs/kernel';
import { FilePackStore } from '#libs/swarm';
import type { BlockRejected } from '#libs/vault';
import { errorFields } from '../log/agent-log.ts';
import { ownStoreName } from '../runtime/own-store-name.ts';
import type { AgentRuntime } from '../runtime/agent-runtime.ts';

/** Packs whose local bytes were bad, missing or could not be read while somebody wanted them. What is wrong with them {@link repairOwnPacks} finds out. */
export function damagedHere(rejected: readonly BlockRejected[]): Set<PackId> {
  return new Set(rejected.filter((r) => r.source === ownStoreName).map((r) => r.packId));
}

/**
 * Brings packs of this machine's own vault back from their holders into the own store, whole and verified. The damaged
 * file goes only when its replacement is on the disk. Returns what was repaired; what could not be is in the log.
 */
export async function repairOwnPacks(agent: AgentRuntime, packs: ReadonlyMap<PackId, number>, signal: AbortSignal): Promise<PackId[]> {
  if (packs.size === 0 || agent.role === 'reader') return [];
  const repaired: PackId[] = [];
  const waiting = await FilePackStore.open(agent.paths.repairPacks, { name: 'repaired packs' });
  for (const [packId, sizeBytes] of packs) {
    try {
      if (await isWholeHere(agent, packId)) continue;
      if (!(await waiting.has(packId))) {
        const swarm = await agent.swarm.start();
        await swarm.fetchPack(packId, sizeBytes, { from: await agent.holders.ranked(packId, signal), into: waiting, signal });
      }
      const parts: Uint8Array[] = [];
      const rootBlock = await waiting.rootBlock(packId);
      for await (const leaf of waiting.leaves(packId, 0, Math.ceil(sizeBytes / leafBytes), { signal })) parts.push(leaf);
      // Not removed before: a full disk or a crash in between would leave less than there was.
      await agent.own.put({ packId, kind: 'data', bytes: Buffer.concat(parts), rootBlock }, { replace: true });
      await waiting.delete(packId);
      repaired.push(packId);
      agent.log.write('info', 'a damaged pack was replaced from a holder', { packId });
    } catch (error) {
      signal.throwIfAborted();
      agent.log.write('warn', 'a damaged pack could not be replaced now', { packId, ...errorFields(error) });
    }
  }
  return repaired;
}

async function isWholeHere({ own }: AgentRuntime, packId: PackId): Promise<boolean> {
  if (!(await own.has(packId))) return false;
  try {
    return (await own.verify(packId)).whole;
  } catch (error) {
    // The store counts it, and its file was removed behind its back.
    if (isAppError(error, 'pack_not_found')) return false;
    throw error;
  }
}

const leafBytes = 1024 * 1024;
