import { equalBytes } from '#libs/kernel';
import type { KeySlot, VaultHeader } from './vault-header.ts';

/**
 * What a header would take away that the one before it gave, in plain words; undefined: it may follow. For whoever keeps headers of others' vaults and has no key.
 *
 * A header is all that leads from a recovery key to a vault. Whoever takes a machine over can sign the next one with that machine's key, and with it
 * could lock everybody out of a history that nobody can delete. So the vault, the device that signs, the binding and every slot of a recovery key stay as
 * they were first seen, whatever is signed; passphrases and devices come and go.
 */
export function headerLoss(before: VaultHeader, next: VaultHeader): string | undefined {
  if (next.vaultId !== before.vaultId) return 'it is of another vault';
  if (!equalBytes(next.signingPublicKey, before.signingPublicKey)) return 'it is signed by another device';
  if (!equalBytes(next.binding, before.binding)) return 'its binding is another one, so no key would open it';
  const lost = before.slots.filter((slot) => slot.kind === 'recovery' && !next.slots.some((one) => isSameWayIn(slot, one)));
  return lost.length === 0 ? undefined : 'the slot of a recovery key is missing or was changed';
}

const isSameWayIn = (slot: KeySlot, other: KeySlot): boolean =>
  other.kind === slot.kind &&
  other.publicKey !== undefined &&
  slot.publicKey !== undefined &&
  equalBytes(other.publicKey, slot.publicKey) &&
  equalBytes(other.box, slot.box);
