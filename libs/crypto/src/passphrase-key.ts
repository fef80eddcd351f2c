import { argon2id } from 'hash-wasm';
import { CryptoError } from './crypto-error.ts';
import type { PassphraseCost } from './passphrase-cost.ts';
import { isAcceptableCost, passphraseBytes } from './passphrase-cost.ts';
import { wipe } from './secret-bytes.ts';

/** A 32-byte key from a passphrase. The caller has bounded the cost; memory is `memoryKiB`, released afterwards. */
export async function keyFromPassphrase(passphrase: string, salt: Uint8Array, cost: PassphraseCost): Promise<Uint8Array> {
  if (!isAcceptableCost(cost)) throw new CryptoError('bad_box', 'the cost of the passphrase is out of bounds', { context: { ...cost } });
  const password = passphraseBytes(passphrase);
  try {
    return await argon2id({
      password,
      salt,
      iterations: cost.passes,
      memorySize: cost.memoryKiB,
      parallelism: 1,
      hashLength: 32,
      outputType: 'binary',
    });
  } finally {
    wipe(password);
  }
}
