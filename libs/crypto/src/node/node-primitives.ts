import { createHash } from 'node:crypto';
import type { Primitives } from '../primitives.ts';
import { requireLength } from '../secret-bytes.ts';
import type { Blake3 } from './node-blake3.ts';
import { anyBlake3 } from './node-blake3.ts';
import { nodeSha256 } from './node-sha256.ts';
import { nodeSealer } from './node-sealer.ts';
import { nativeSodium, type NativeSodium } from './sodium-binary.ts';
import { sodiumSealer } from './sodium-sealer.ts';
import { nodeCompress, nodeDecompress } from './node-zstd.ts';

/**
 * Native BLAKE3 and libsodium, the system's zstd; without a binary of libsodium the system's ChaCha20-Poly1305. One per thread is enough; making another is cheap.
 * Where the native BLAKE3 has no binary it uses WebAssembly, and throws `not_ready` unless `cryptoReady()` was awaited.
 */
export function nodePrimitives(blake3: Blake3 = anyBlake3(), sodium: NativeSodium | null = nativeSodium() ?? null): Primitives {
  return {
    name: 'node',
    blake3: (data) => blake3.hash(data),
    keyedBlake3: (key, data) => {
      requireLength('BLAKE3 key', key, 32);
      return blake3.keyedHash(key, data);
    },
    keyedHasher: (key) => {
      requireLength('BLAKE3 key', key, 32);
      return blake3.keyedHasher(key);
    },
    sha256: nodeSha256,
    sealer: sodium ? sodiumSealer(sodium) : nodeSealer,
    compress: nodeCompress,
    decompress: nodeDecompress,
  };
}
