import { CryptoError } from '../crypto-error.ts';
import type { Primitives } from '../primitives.ts';
import { cryptoReady, wasmParts } from '../ready.ts';
import { requireLength } from '../secret-bytes.ts';
import { portableDecompress } from './portable-zstd.ts';
import { portableSealer } from './portable-sealer.ts';

/** Loads what it needs, so `cryptoReady()` need not be awaited before. */
export async function portablePrimitives(): Promise<Primitives> {
  await cryptoReady();
  const { sodium, sha256, blake3 } = await wasmParts();
  return {
    name: 'portable',
    blake3: (data) => blake3.hash(data),
    keyedBlake3: (key, data) => {
      requireLength('BLAKE3 key', key, 32);
      return blake3.keyedHash(key, data);
    },
    keyedHasher: (key) => {
      requireLength('BLAKE3 key', key, 32);
      return blake3.keyedHasher(key);
    },
    sha256,
    sealer: (key, noncePrefix) => portableSealer(sodium, key, noncePrefix),
    compress: () => {
      throw new CryptoError('compression_unavailable', 'this environment can only read compressed data', {
        nextStep: 'Back up with the agent.',
      });
    },
    decompress: portableDecompress,
  };
}
