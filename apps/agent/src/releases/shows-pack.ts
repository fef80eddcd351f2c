import { nodePrimitives } from '#libs/crypto/node';
import { type DeviceId, type PackId, randomInt, type RandomSource } from '#libs/kernel';
import { VerifiedBlocks } from '#libs/vault';
import type { SwarmAccess } from '../network/swarm-access.ts';

const primitives = nodePrimitives();

/**
 * Whether a device gives a block of a pack, drawn just now and checked against the pack's id. Asked over the swarm, where the device proves who it is, so
 * the coordinator has no part in the answer. Throws when it can't be asked or has no good one.
 */
export async function showsPack(
  { swarm, random }: { readonly swarm: Pick<SwarmAccess, 'start'>; readonly random: RandomSource },
  holder: DeviceId,
  packId: PackId,
  signal: AbortSignal,
): Promise<boolean> {
  const blocks = new VerifiedBlocks({ primitives, sources: [(await swarm.start()).blockSource(holder)] });
  const { leafCount } = await blocks.root(packId, { signal });
  for await (const leaf of blocks.leaves(packId, randomInt(random, leafCount), 1, { signal })) return leaf.length > 0;
  return false;
}
