import { newMasterKey } from '#libs/crypto';
import { nodePrimitives } from '#libs/crypto/node';
import { equalBytes, isAppError, systemRandom, type VaultId } from '#libs/kernel';
import { nodeFiles } from '#libs/kernel/node';
import type { NewSlot } from '#libs/vault';
import { AgentError } from '../errors.ts';
import type { AgentPaths } from '../home/agent-paths.ts';
import type { DeviceIdentity } from '../identity/device-identity.ts';
import { readVaultKey } from '../identity/vault-key.ts';

/**
 * Makes this machine's vault with a slot for the team's recovery key and, when one is given, for a passphrase. The
 * master key is on the disk before the vault, so a join that was cut off finds both or makes both.
 */
export async function createOwnVault(
  paths: AgentPaths,
  identity: DeviceIdentity,
  recoveryKey: Uint8Array,
  passphrase: string | undefined,
): Promise<{ readonly vaultId: VaultId }> {
  const { LocalVault } = await import('#libs/engine');
  const { FilePackStore } = await import('#libs/swarm');
  if ((await nodeFiles.size(paths.vaultKey)) === undefined) await nodeFiles.replace(paths.vaultKey, newMasterKey(systemRandom));
  const common = {
    files: nodeFiles,
    folder: paths.vault,
    store: await FilePackStore.open(paths.ownPacks, { name: 'own packs' }),
    primitives: nodePrimitives(),
    masterKey: await readVaultKey(nodeFiles, paths.vaultKey),
    signingKeyPair: identity.signing,
    random: systemRandom,
  };
  const slots: NewSlot[] = [
    { kind: 'recovery', publicKey: recoveryKey, label: 'team recovery key' },
    ...(passphrase === undefined ? [] : [{ kind: 'passphrase', passphrase, label: 'owner' } as const]),
  ];
  const vault = await LocalVault.create({ ...common, slots }).catch((error: unknown) => {
    if (isAppError(error, 'vault_exists')) return LocalVault.open(common);
    throw error;
  });
  const { vaultId, header } = vault;
  await vault.close();
  if (!header.slots.some((slot) => slot.kind === 'recovery' && slot.publicKey && equalBytes(slot.publicKey, recoveryKey))) {
    throw new AgentError('already_enrolled', 'this folder has the vault of another team', {
      nextStep: 'Use another --home, or remove the folder if nothing in it is needed.',
    });
  }
  return { vaultId };
}
