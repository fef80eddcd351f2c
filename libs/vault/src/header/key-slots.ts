import {
  type BoxKeyPair,
  deriveVaultKeys,
  openBox,
  openWithPassphrase,
  type PassphraseCost,
  type Primitives,
  sealToBox,
  sealWithPassphrase,
  type SigningKeyPair,
} from '#libs/crypto';
import type { RandomSource, VaultId } from '#libs/kernel';
import { concatBytes, equalBytes, fromHex, isAppError, toHex, utf8 } from '#libs/kernel';
import { VaultError } from '../errors.ts';
import { decodeHeader, encodeHeader } from './header-codec.ts';
import { defaultParameters, type KeySlot, type VaultHeader, type VaultParameters } from './vault-header.ts';

/** A way to open the vault that is to be added. */
export type NewSlot =
  | {
      readonly kind: 'passphrase';
      readonly passphrase: string;
      readonly label: string;
      /** For tests; default: as `libs/crypto` has it. */ readonly cost?: PassphraseCost;
    }
  | { readonly kind: 'recovery' | 'device'; readonly publicKey: Uint8Array; readonly label: string };

/** What somebody has who wants to open the vault. */
export type Unlock = { readonly passphrase: string } | { readonly recoveryKeyPair: BoxKeyPair } | { readonly boxKeyPair: BoxKeyPair };

interface Maker {
  readonly primitives: Pick<Primitives, 'keyedBlake3'>;
  readonly random: RandomSource;
  readonly nowMs: number;
  readonly masterKey: Uint8Array;
  /** The device's key: the header names it and is signed by it. */
  readonly signingKeyPair: SigningKeyPair;
}

export interface CreateVaultOptions extends Maker {
  readonly slots: readonly NewSlot[];
  readonly parameters?: Partial<VaultParameters>;
}

/** The header of a new vault with a random id. */
export async function createVault(
  options: CreateVaultOptions,
): Promise<{ readonly headerBytes: Uint8Array; readonly header: VaultHeader; readonly vaultId: VaultId }> {
  const { primitives, masterKey, signingKeyPair } = options;
  const vaultId = toHex(options.random.bytes(16)) as VaultId;
  const slots: KeySlot[] = [];
  for (const slot of options.slots) slots.push(await makeSlot(options, slot));
  const header: VaultHeader = {
    vaultId,
    sequence: 1,
    signingPublicKey: signingKeyPair.publicKey,
    epoch: 0,
    parameters: { ...defaultParameters, ...options.parameters },
    slots,
    binding: bindingOf(primitives, masterKey, vaultId, signingKeyPair.publicKey),
  };
  return { headerBytes: encodeHeader(header, signingKeyPair), header, vaultId };
}

/**
 * The vault's master key. Throws `wrong_key` when no slot opens with what is given, `bad_signature` when one does but the
 * header was not made by the owner of that master key.
 */
export async function unlockHeader(primitives: Pick<Primitives, 'keyedBlake3'>, header: VaultHeader, unlock: Unlock): Promise<Uint8Array> {
  for (const slot of header.slots) {
    const masterKey = await tryOpen(slot, unlock);
    if (!masterKey) continue;
    checkBinding(primitives, header, masterKey, 'bad_signature');
    return masterKey;
  }
  const what = 'passphrase' in unlock ? 'the passphrase does not open' : 'this key does not open';
  throw new VaultError('wrong_key', `${what} vault ${header.vaultId}`, {
    context: { vaultId: header.vaultId, slots: header.slots.length },
  });
}

/** Throws `code` when the header names another device, or another vault, than the master key was made for. */
export function checkBinding(
  primitives: Pick<Primitives, 'keyedBlake3'>,
  header: VaultHeader,
  masterKey: Uint8Array,
  code: 'wrong_key' | 'bad_signature',
): void {
  if (equalBytes(bindingOf(primitives, masterKey, header.vaultId, header.signingPublicKey), header.binding)) return;
  throw new VaultError(code, `the header of vault ${header.vaultId} does not belong to this master key`, {
    context: { vaultId: header.vaultId },
  });
}

export interface HeaderChange extends Maker {
  readonly headerBytes: Uint8Array;
}

/** The header with one more slot and the next sequence number. Throws `wrong_key` when it is not this master key's vault. */
export async function addSlot(change: HeaderChange, slot: NewSlot): Promise<Uint8Array> {
  const header = ownHeader(change);
  return reSign(change, header, [...header.slots, await makeSlot(change, slot)]);
}

/**
 * The header without that slot. Whoever copied the old header can still open it: a key that leaked needs a new vault or
 * a new epoch. Throws `invalid_input` when there is no such slot, or none would be left.
 */
export async function removeSlot(change: HeaderChange, slotId: string): Promise<Uint8Array> {
  const header = ownHeader(change);
  const slots = header.slots.filter((slot) => slot.slotId !== slotId);
  if (slots.length === header.slots.length) throw new VaultError('invalid_input', `vault ${header.vaultId} has no key slot ${slotId}`);
  if (slots.length === 0) throw new VaultError('invalid_input', 'the last key slot can not be removed: nobody could open the vault again');
  return reSign(change, header, slots);
}

function ownHeader(change: HeaderChange): VaultHeader {
  const header = decodeHeader(change.headerBytes);
  if (!equalBytes(header.signingPublicKey, change.signingKeyPair.publicKey)) {
    throw new VaultError('wrong_key', `vault ${header.vaultId} belongs to another device`, { context: { vaultId: header.vaultId } });
  }
  checkBinding(change.primitives, header, change.masterKey, 'wrong_key');
  return header;
}

function reSign(change: HeaderChange, header: VaultHeader, slots: readonly KeySlot[]): Uint8Array {
  return encodeHeader({ ...header, sequence: header.sequence + 1, slots }, change.signingKeyPair);
}

async function makeSlot({ random, nowMs, masterKey }: Maker, slot: NewSlot): Promise<KeySlot> {
  const common = { slotId: toHex(random.bytes(8)), kind: slot.kind, label: slot.label, createdAtMs: nowMs };
  if (slot.kind !== 'passphrase') return { ...common, publicKey: slot.publicKey, box: sealToBox(slot.publicKey, masterKey) };
  const box = await sealWithPassphrase(masterKey, slot.passphrase, { random, ...(slot.cost && { cost: slot.cost }) });
  return { ...common, publicKey: undefined, box };
}

async function tryOpen(slot: KeySlot, unlock: Unlock): Promise<Uint8Array | undefined> {
  try {
    let opened: Uint8Array;
    if ('passphrase' in unlock) {
      if (slot.kind !== 'passphrase') return undefined;
      opened = await openWithPassphrase(slot.box, unlock.passphrase);
    } else {
      const keys = 'recoveryKeyPair' in unlock ? unlock.recoveryKeyPair : unlock.boxKeyPair;
      if (!slot.publicKey || !equalBytes(slot.publicKey, keys.publicKey)) return undefined;
      opened = openBox(slot.box, keys);
    }
    return opened.length === 32 ? opened : undefined;
  } catch (error) {
    if (
      isAppError(error, 'wrong_key') ||
      isAppError(error, 'wrong_passphrase') ||
      isAppError(error, 'bad_box') ||
      isAppError(error, 'bad_passphrase')
    )
      return undefined;
    throw error;
  }
}

function bindingOf(
  primitives: Pick<Primitives, 'keyedBlake3'>,
  masterKey: Uint8Array,
  vaultId: VaultId,
  signingPublicKey: Uint8Array,
): Uint8Array {
  return primitives.keyedBlake3(
    deriveVaultKeys(masterKey, 0).head,
    concatBytes(utf8('holdfast/header-binding/1'), fromHex(vaultId), signingPublicKey),
  );
}
