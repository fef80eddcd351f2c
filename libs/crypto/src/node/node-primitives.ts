import { createHash } from 'node:crypto';
import type { Primitives } from '../primitives.ts';
import { requireLength } from '../secret-bytes.ts';
import type { Blake3 } from './node-blake3.ts';
import { anyBlake3 } from './node-blake3.ts';
import { nodeSealer } from './node-sealer.ts';
import { nodeCompress, nodeDecompress } from './node-zstd.ts';

/**
 * Native BLAKE3, the system's ChaCha20-Poly1305 and zstd. One per thread is enough; making another is cheap.
 * Where the native BLAKE3 has no binary it uses WebAssembly, and throws `not_ready` unless `cryptoReady()` was awaited.
 */
export function nodePrimitives(blake3: Blake3 = anyBlake3()): Primitives {
  return {
    name: 'node',
    blake3: (data) => blake3.hash(data),
    keyedBlake3: (key, data) => {
      requireLength('BLAKE3 key', key, 32);
      return blake3.keyedHash(key, data);
    },
    sha256: (data) => new Uint8Array(createHash('sha256').update(data).digest()),
    sealer: nodeSealer,
    compress: nodeCompress,
    decompress: nodeDecompress,
  };
}
