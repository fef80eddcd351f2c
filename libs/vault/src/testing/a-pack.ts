import { cryptoReady, deriveVaultKeys } from '#libs/crypto';
import { nodePrimitives } from '#libs/crypto/node';
import { seededRandom } from '#libs/kernel/testing';
import { createChunkIds } from '../chunk/chunk-id.ts';
import type { WrittenPack } from '../pack/pack-builder.ts';
import { sealPack } from '../pack/pack-writer.ts';
import type { PackKind } from '../ports.ts';
import { aVaultId, mulberry32 } from './golden-vectors.ts';

/** A real sealed pack of incompressible chunks. The same arguments give the same pack. */
export async function aPack(
  options: { readonly seed?: number; readonly plainBytes?: number; readonly kind?: PackKind } = {},
): Promise<WrittenPack> {
  await cryptoReady();
  const { seed = 1, plainBytes = 3_000, kind = 'data' } = options;
  const random = seededRandom(seed);
  const primitives = nodePrimitives();
  const keys = deriveVaultKeys(new Uint8Array(32).fill(7), 0);
  const ids = createChunkIds(primitives, keys.chunkId);
  const chunks = [];
  for (let left = plainBytes; left > 0; left -= 256 * 1024) {
    const plaintext = mulberry32(seed * 1_000 + chunks.length, Math.min(left, 256 * 1024));
    chunks.push({ kind: 'data' as const, id: ids.of('data', plaintext), plaintext });
  }
  return sealPack({ primitives, random, vaultId: aVaultId, keys, epoch: 0, kind }, chunks);
}
