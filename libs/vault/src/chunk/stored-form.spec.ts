import { beforeAll, describe, expect, it } from '@jest/globals';
import { cryptoReady, type Primitives } from '#libs/crypto';
import { nodePrimitives } from '#libs/crypto/node';
import { utf8 } from '#libs/kernel';
import { mulberry32 } from '../testing/golden-vectors.ts';
import { createChunkIds } from './chunk-id.ts';
import { looksCompressible } from './probe.ts';
import { toStored } from './stored-form.ts';

describe('stored form', () => {
  let primitives: Primitives;
  beforeAll(async () => {
    await cryptoReady();
    primitives = nodePrimitives();
  });
  const text = utf8('the quick brown fox jumps over the lazy dog; '.repeat(3_000));

  it('compresses text, leaves random bytes and tiny chunks as they are', () => {
    const stored = toStored(primitives, text, 1);
    expect(stored.length).toBeLessThan(text.length / 10);
    expect(primitives.decompress(stored, text.length)).toEqual(text);
    const random = mulberry32(1, 100_000);
    expect(toStored(primitives, random, 1)).toBe(random);
    expect(toStored(primitives, utf8('tiny'), 1)).toEqual(utf8('tiny'));
    expect(toStored(primitives, text, 0)).toBe(text);
  });

  it('keeps a compressed form only when it saves at least 2 %', () => {
    const plain = new Uint8Array(1_000).fill(1);
    const toLength = (length: number) => ({ compress: () => new Uint8Array(length) });
    expect(toStored(toLength(980), plain, 1)).toHaveLength(980);
    expect(toStored(toLength(981), plain, 1)).toBe(plain);
    expect(toStored(toLength(1_000), plain, 1)).toBe(plain);
  });

  it.each([
    ['text', () => text, true],
    ['base64', () => utf8(Buffer.from(mulberry32(2, 90_000)).toString('base64')), true],
    [
      '16-bit samples',
      () => Uint8Array.from({ length: 60_000 }, (_, i) => (i % 2 ? Math.sin(i / 50) * 20 : mulberry32(i, 1)[0]!) & 255),
      true,
    ],
    ['a pattern of all bytes', () => Uint8Array.from({ length: 60_000 }, (_, i) => i & 255), true],
    ['random bytes', () => mulberry32(3, 1_000_000), false],
    ['40 KB of random bytes', () => mulberry32(3, 40_000), false],
    ['a few random bytes: always tried', () => mulberry32(3, 30_000), true],
  ] as const)('the probe on %s', (_name, make, expected) => {
    expect(looksCompressible(make())).toBe(expected);
  });

  it('gives each kind its own id for the same bytes', () => {
    const ids = createChunkIds(primitives, new Uint8Array(32).fill(1));
    const all = (['data', 'chunkList', 'tree', 'record', 'indexFragment'] as const).map((kind) =>
      Buffer.from(ids.of(kind, text)).toString('hex'),
    );
    expect(new Set(all).size).toBe(5);
  });
});
