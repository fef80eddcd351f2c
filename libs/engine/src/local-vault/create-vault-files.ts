import { systemClock, systemRandom } from '#libs/kernel';
import { createVault, encodeHead, livePackDigest } from '#libs/vault';
import { EngineError } from '../errors.ts';
import type { CreateLocalVaultOptions } from './local-vault-types.ts';
import type { VaultFiles } from './vault-files.ts';

/** Writes the header with its key slots and an empty head. Throws `vault_exists`. */
export async function createVaultFiles(options: CreateLocalVaultOptions, files: VaultFiles): Promise<void> {
  const { folder, primitives, masterKey, signingKeyPair, slots, parameters, clock = systemClock, random = systemRandom } = options;
  if (await files.exists()) throw new EngineError('vault_exists', 'there is a vault in this folder already', { context: { folder } });
  const nowMs = clock.nowMs();
  const { headerBytes, vaultId } = await createVault({
    primitives,
    random,
    nowMs,
    masterKey,
    signingKeyPair,
    slots,
    ...(parameters && { parameters }),
  });
  const head = {
    vaultId,
    sequence: 1,
    writtenAtMs: nowMs,
    indexPacks: [],
    snapshots: [],
    live: livePackDigest(primitives, []),
    nextOrdinal: 0,
    previousHead: undefined,
  };
  // The header last: a folder without one is no vault yet and can be tried again.
  await files.replaceHead(encodeHead(head, signingKeyPair), undefined);
  await files.replaceHeader(headerBytes);
}
