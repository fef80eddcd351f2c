import type { Primitives } from '../primitives.ts';
import { requireLength } from '../secret-bytes.ts';
import type { Blake3 } from './node-blake3.ts';
import { anyBlake3 } from './node-blake3.ts';
import { nodeSha256 } from './node-sha256.ts';
import { nodeSealer } from './node-sealer.ts';
import { type OpensslCalls, opensslCalls } from './openssl-calls.ts';
import { opensslSealer } from './openssl-sealer.ts';
import { nodeCompress, nodeDecompress } from './node-zstd.ts';

/**
 * Native BLAKE3, Node's own OpenSSL and zstd. Where that OpenSSL can't be called, node:crypto seals. One per thread is enough; making another is cheap.
 * Where the native BLAKE3 has no binary it uses WebAssembly, and throws `not_ready` unless `cryptoReady()` was awaited.
 */
export function nodePrimitives(blake3: Blake3 = anyBlake3(), openssl: OpensslCalls | null = opensslCalls() ?? null): Primitives {
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
    sealer: openssl ? opensslSealer(openssl) : nodeSealer,
    compress: nodeCompress,
    decompress: nodeDecompress,
  };
}
