import type { DeviceId, RandomSource, VaultId } from '#libs/kernel';
import { toBase64Url, utf8 } from '#libs/kernel';
import type { BoxKeyPair } from './box-keys.ts';
import { openBox, sealToBox } from './box-keys.ts';
import { CryptoError } from './crypto-error.ts';
import { sha256 } from './loaded-parts.ts';
import { constantTimeEqual, requireLength } from './secret-bytes.ts';
import { masterKeySize } from './vault-keys.ts';

/** All that decides what one restore writes, and where. */
export interface RestoreOrder {
  readonly vaultId: VaultId;
  readonly targetDeviceId: DeviceId;
  readonly snapshotSequence: number;
  /** Inside the snapshot; none: everything. */
  readonly paths: readonly string[];
  /** Null: the original places. */
  readonly destination: string | null;
  readonly conflict: 'keep-both' | 'overwrite' | 'skip' | 'fail';
}

export interface OpenedOrder {
  /** 32 bytes; the caller wipes it. */
  readonly masterKey: Uint8Array;
  /** Of this order alone, 16 random bytes as base64url: whoever carried one out knows it again. */
  readonly orderId: string;
  /** By the clock of who gave it. */
  readonly orderedAtMs: number;
}

const idSize = 16;
const digestAt = masterKeySize + idSize + 8;
const orderSize = digestAt + 32;
const domain = 'holdfast restore order v1\n';

/**
 * A vault's master key sealed to one device for one restore (docs/spec/keys-and-statements.md, "Restore orders"): whoever passes it on can neither read the
 * key nor use it for another restore, since only who knows the key could make another. Throws `bad_key`.
 */
export function sealRestoreOrder(
  order: RestoreOrder,
  masterKey: Uint8Array,
  targetBoxKey: Uint8Array,
  { nowMs, random }: { readonly nowMs: number; readonly random: RandomSource },
): Uint8Array {
  requireLength('vault master key', masterKey, masterKeySize);
  const plain = new Uint8Array(orderSize);
  try {
    plain.set(masterKey);
    plain.set(random.bytes(idSize), masterKeySize);
    new DataView(plain.buffer).setBigUint64(masterKeySize + idSize, BigInt(nowMs), true);
    plain.set(digestOf(order), digestAt);
    return sealToBox(targetBoxKey, plain);
  } finally {
    plain.fill(0);
  }
}

/** Opens what {@link sealRestoreOrder} made. Throws `wrong_key` (another device's, or altered) and `order_altered` when it was given for another restore. */
export function openRestoreOrder(sealed: Uint8Array, keys: BoxKeyPair, order: RestoreOrder): OpenedOrder {
  const plain = openBox(sealed, keys);
  try {
    if (plain.length === masterKeySize)
      throw new CryptoError('order_altered', 'the key came without an order: the panel that it was sent from is older than this agent', {
        nextStep: 'Load the panel again and send the restore again.',
      });
    if (plain.length !== orderSize || !constantTimeEqual(plain.subarray(digestAt), digestOf(order)))
      throw new CryptoError('order_altered', 'the restore that was asked for is not the one that the key was sealed for', {
        nextStep: 'Send the restore again from the panel. When it happens again, somebody alters what the coordinator passes on.',
      });
    return {
      masterKey: plain.slice(0, masterKeySize),
      orderId: toBase64Url(plain.subarray(masterKeySize, masterKeySize + idSize)),
      orderedAtMs: Number(new DataView(plain.buffer, plain.byteOffset).getBigUint64(masterKeySize + idSize, true)),
    };
  } finally {
    plain.fill(0);
  }
}

/** SHA-256 of the order as JSON, members in this order. */
function digestOf({ vaultId, targetDeviceId, snapshotSequence, paths, destination, conflict }: RestoreOrder): Uint8Array {
  return sha256(utf8(domain + JSON.stringify([vaultId, targetDeviceId, snapshotSequence, paths, destination, conflict])));
}
