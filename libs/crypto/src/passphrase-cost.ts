import { utf8 } from '#libs/kernel';
import { CryptoError } from './crypto-error.ts';
import { wipe } from './secret-bytes.ts';

/** Cost of Argon2id version 1.3 (RFC 9106) with one lane, the form that libsodium's `crypto_pwhash` computes. */
export interface PassphraseCost {
  readonly memoryKiB: number;
  readonly passes: number;
}

/** Costs for writing. Reading takes what stands in the box, within {@link passphraseCostLimits}. */
export const passphraseCosts = {
  /** Vault key slots: 64 MiB, 3 passes (RFC 9106's second recommendation has 64 MiB and 3), half a second in WebAssembly. */
  interactive: { memoryKiB: 64 * 1024, passes: 3 },
  /** The team's recovery kit: it guards every vault and is opened rarely. 256 MiB, 3 passes, about 2 seconds. */
  strong: { memoryKiB: 256 * 1024, passes: 3 },
} as const satisfies Record<string, PassphraseCost>;

/** Bounds on what a box may ask of its reader, so that a hostile one can neither fill the memory nor stop the program for minutes. */
export const passphraseCostLimits = {
  /** Argon2's own minimum for one lane. */
  minMemoryKiB: 8,
  /** 1 GiB. */
  maxMemoryKiB: 1024 * 1024,
  maxPasses: 64,
  /** Work is memory × passes: 4 GiB of passes is some 30 seconds of WebAssembly on a slow core. */
  maxWorkKiB: 4 * 1024 * 1024,
} as const;

/** Longer ones are refused rather than cut. */
export const maxPassphraseBytes = 4096;
export const passphraseSaltSize = 16;

export function isAcceptableCost(cost: PassphraseCost): boolean {
  const { minMemoryKiB, maxMemoryKiB, maxPasses, maxWorkKiB } = passphraseCostLimits;
  return (
    Number.isInteger(cost.memoryKiB) &&
    Number.isInteger(cost.passes) &&
    cost.memoryKiB >= minMemoryKiB &&
    cost.memoryKiB <= maxMemoryKiB &&
    cost.passes >= 1 &&
    cost.passes <= maxPasses &&
    cost.memoryKiB * cost.passes <= maxWorkKiB
  );
}

/**
 * The bytes of a passphrase: Unicode NFC with every space separator as a plain space (RFC 8265, OpaqueString), UTF-8,
 * so that the same words typed on another system open the same box. Throws `bad_passphrase` when empty or too long.
 */
export function passphraseBytes(passphrase: string): Uint8Array {
  const bytes = passphrase.length > maxPassphraseBytes ? undefined : utf8(passphrase.normalize('NFC').replaceAll(/\p{Zs}/gu, ' '));
  if (!bytes || bytes.length === 0 || bytes.length > maxPassphraseBytes) {
    throw new CryptoError('bad_passphrase', `a passphrase has 1 to ${maxPassphraseBytes} bytes`, {
      nextStep: 'Choose another passphrase.',
    });
  }
  return bytes;
}

/** Whether {@link passphraseBytes} takes it: what it refuses can't open anything either. */
export function isUsablePassphrase(passphrase: string): boolean {
  try {
    wipe(passphraseBytes(passphrase));
    return true;
  } catch {
    return false;
  }
}
