import type { RandomSource } from '#libs/kernel';
import { concatBytes, systemRandom } from '#libs/kernel';
import { CryptoError } from './crypto-error.ts';
import type { PassphraseCost } from './passphrase-cost.ts';
import { isAcceptableCost, isUsablePassphrase, passphraseCosts, passphraseSaltSize } from './passphrase-cost.ts';
import { keyFromPassphrase } from './passphrase-key.ts';
import { sodium } from './loaded-parts.ts';
import { wipe } from './secret-bytes.ts';

/**
 * A small secret under a passphrase, bytes in this order:
 * version u8 = 1 ‖ passes u32le ‖ memory KiB u32le ‖ salt 16 ‖ nonce 24 ‖ libsodium `crypto_secretbox` (tag 16 ‖ ciphertext).
 * The key is Argon2id(passphrase, salt), 32 bytes. Altered parameters give another key, so they need no seal of their own.
 */
const version = 1;
const nonceSize = 24;
const tagSize = 16;
const headerSize = 1 + 4 + 4 + passphraseSaltSize + nonceSize;

export const passphraseBoxOverhead = headerSize + tagSize;
/** Keys and key lists only; nothing longer is opened. */
export const maxPassphraseBoxBytes = 64 * 1024;

export interface PassphraseBoxOptions {
  /** Default: {@link passphraseCosts.interactive}. Tests pass something cheap. */
  readonly cost?: PassphraseCost;
  readonly random?: RandomSource;
}

/** Throws `bad_passphrase` (empty or too long), `bad_box` (cost out of bounds, or more than 64 KiB). */
export async function sealWithPassphrase(
  plaintext: Uint8Array,
  passphrase: string,
  options: PassphraseBoxOptions = {},
): Promise<Uint8Array> {
  const lib = sodium();
  const cost = options.cost ?? passphraseCosts.interactive;
  const random = options.random ?? systemRandom;
  if (plaintext.length + passphraseBoxOverhead > maxPassphraseBoxBytes)
    throw new CryptoError('bad_box', 'too long for a passphrase box', { context: { bytes: plaintext.length } });
  const salt = random.bytes(passphraseSaltSize);
  const nonce = random.bytes(nonceSize);
  const key = await keyFromPassphrase(passphrase, salt, cost);
  try {
    const fixed = new Uint8Array(9);
    const view = new DataView(fixed.buffer);
    view.setUint8(0, version);
    view.setUint32(1, cost.passes, true);
    view.setUint32(5, cost.memoryKiB, true);
    return concatBytes(fixed, salt, nonce, lib.crypto_secretbox_easy(plaintext, nonce, key));
  } finally {
    wipe(key);
  }
}

/**
 * Throws `wrong_passphrase` when it does not open (or was altered), `bad_box` when its shape or its cost is not
 * acceptable: checked before any memory is taken.
 */
export async function openWithPassphrase(box: Uint8Array, passphrase: string): Promise<Uint8Array> {
  const lib = sodium();
  const cost = passphraseBoxCost(box);
  const salt = box.subarray(9, 9 + passphraseSaltSize);
  const nonce = box.subarray(9 + passphraseSaltSize, headerSize);
  if (!isUsablePassphrase(passphrase)) throw wrongPassphrase();
  const key = await keyFromPassphrase(passphrase, salt, cost);
  try {
    return lib.crypto_secretbox_open_easy(box.subarray(headerSize), nonce, key);
  } catch {
    throw wrongPassphrase();
  } finally {
    wipe(key);
  }
}

/** The cost written in a box, without opening it. Throws `bad_box` when the box or its cost is not acceptable. */
export function passphraseBoxCost(box: Uint8Array): PassphraseCost {
  if (box.length < passphraseBoxOverhead || box.length > maxPassphraseBoxBytes)
    throw new CryptoError('bad_box', 'not a passphrase box: wrong size', { context: { bytes: box.length } });
  const view = new DataView(box.buffer, box.byteOffset, box.byteLength);
  if (view.getUint8(0) !== version) {
    throw new CryptoError('bad_box', 'a passphrase box of an unknown version', {
      context: { version: view.getUint8(0) },
      nextStep: 'Update Holdfast.',
    });
  }
  const cost = { passes: view.getUint32(1, true), memoryKiB: view.getUint32(5, true) };
  if (!isAcceptableCost(cost))
    throw new CryptoError('bad_box', 'the passphrase box asks for too much memory or work', { context: { ...cost } });
  return cost;
}

function wrongPassphrase(): CryptoError {
  return new CryptoError('wrong_passphrase', 'the passphrase does not open this', {
    nextStep: 'Check the passphrase (capitals, keyboard layout) and try again.',
  });
}
