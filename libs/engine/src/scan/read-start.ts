import type { Platform } from '../platform/index.ts';

/** The first bytes of a regular file, `maxBytes` at most; none of anything else. Throws what the platform throws. */
export function readStart(platform: Platform, path: Buffer, maxBytes: number): Buffer {
  const file = platform.openToRead(path);
  try {
    const { kind, sizeBytes } = file.facts();
    if (kind !== 'file') return Buffer.alloc(0);
    const into = Buffer.alloc(Math.min(sizeBytes, maxBytes));
    return into.subarray(0, file.read(into, 0));
  } finally {
    file.close();
  }
}
