import { beforeAll, describe, expect, it } from '@jest/globals';
import { decode, encode, prepare } from '@ipld/dag-pb';
import fc from 'fast-check';
import { UnixFS } from 'ipfs-unixfs';
import { CID } from 'multiformats/cid';
import { create as createDigest } from 'multiformats/hashes/digest';
import { cryptoReady, type Primitives } from '#libs/crypto';
import { nodePrimitives } from '#libs/crypto/node';
import type { PackId } from '#libs/kernel';
import { limits } from '../limits.ts';
import { mulberry32 } from '../testing/golden-vectors.ts';
import { openRootBlock, packDag } from './pack-dag.ts';
import { packIdBytes, packIdOf, parsePackId } from './pack-id.ts';
import { padme } from './padme.ts';
import { decodeRootBlock } from './unixfs-root.ts';

const mib = limits.leafBytes;

describe('packDag', () => {
  let primitives: Primitives;
  beforeAll(async () => {
    await cryptoReady();
    primitives = nodePrimitives();
  });

  /** The same with the IPFS project's own encoders. */
  function byIpfs(bytes: Uint8Array, code: number, hash: (block: Uint8Array) => Uint8Array): { root: Uint8Array; cid: string } {
    const file = new UnixFS({ type: 'file' });
    const links = [];
    for (let at = 0; at < bytes.length; at += mib) {
      const leaf = bytes.subarray(at, at + mib);
      file.addBlockSize(BigInt(leaf.length));
      links.push({ Name: '', Tsize: leaf.length, Hash: CID.createV1(0x55, createDigest(code, hash(leaf))) });
    }
    const root = encode(prepare({ Data: file.marshal(), Links: links }));
    return { root, cid: CID.createV1(0x70, createDigest(code, hash(root))).toString() };
  }

  it.each([1, 127, 128, 16_384, mib - 1, mib, mib + 1, 2 * mib, 3 * mib + 77, 33 * mib])(
    'makes the blocks that IPFS makes, for %d bytes',
    (length) => {
      const bytes = new Uint8Array(length).fill(length & 255);
      const dag = packDag(primitives, bytes);
      const expected = byIpfs(bytes, 0x1e, (block) => primitives.blake3(block));
      expect(Buffer.compare(dag.rootBlock, expected.root)).toBe(0);
      expect(dag.packId).toBe(expected.cid);
      expect(decode(dag.rootBlock).Links).toHaveLength(Math.ceil(length / mib));
      expect(CID.parse(dag.packId).bytes).toEqual(packIdBytes(dag.packId));
    },
  );

  it('makes SHA-256 packs where a vault asks for it', () => {
    const bytes = mulberry32(1, mib + 5);
    expect(packDag(primitives, bytes, 'sha256').packId).toBe(byIpfs(bytes, 0x12, (block) => primitives.sha256(block)).cid);
  });

  it('opens its own root blocks and knows each leaf', () => {
    const bytes = mulberry32(2, 2 * mib + 99);
    const { packId, rootBlock } = packDag(primitives, bytes);
    const root = openRootBlock(primitives, packId, rootBlock);
    expect([root.sizeBytes, root.leafCount]).toEqual([bytes.length, 3]);
    expect(root.verifyLeaf(2, bytes.subarray(2 * mib))).toBe(true);
    expect(root.verifyLeaf(1, bytes.subarray(2 * mib))).toBe(false);
    expect(root.verifyLeaf(3, bytes.subarray(2 * mib))).toBe(false);
    expect(root.verifyLeaf(0, bytes.subarray(0, mib - 1))).toBe(false);
  });

  it('refuses any other root block', () => {
    const { packId, rootBlock } = packDag(primitives, mulberry32(3, mib + 5));
    for (let i = 0; i < rootBlock.length; i += 1) {
      const altered = rootBlock.slice();
      altered[i]! ^= 1 << (i % 8);
      expect(() => openRootBlock(primitives, packId, altered)).toThrow(expect.objectContaining({ code: 'block_corrupt' }));
    }
    expect(() => openRootBlock(primitives, packId, new Uint8Array(100_000))).toThrow(expect.objectContaining({ code: 'block_corrupt' }));
  });

  it('decodes nothing but what it encodes, and never throws', () => {
    const { rootBlock } = packDag(primitives, mulberry32(3, mib + 5));
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.nat(rootBlock.length - 1), fc.nat(255)), { maxLength: 4 }),
        fc.nat(rootBlock.length),
        (edits, cut) => {
          const altered = rootBlock.slice(0, cut);
          for (const [at, value] of edits) if (at < altered.length) altered[at] = value;
          const decoded = decodeRootBlock(altered);
          // An altered digest is still a root block, of another pack.
          if (decoded) expect(altered.length).toBe(rootBlock.length);
        },
      ),
      { numRuns: 500 },
    );
  });

  it('refuses empty and oversized packs', () => {
    expect(() => packDag(primitives, new Uint8Array(0))).toThrow(expect.objectContaining({ code: 'limit_exceeded' }));
    expect(() => packDag(primitives, new Uint8Array(limits.packBytes + 1))).toThrow(expect.objectContaining({ code: 'limit_exceeded' }));
  });
});

describe('pack ids', () => {
  it('have one text form only', () => {
    const id = packIdOf(Uint8Array.from([1, 0x70, 0x1e, 32, ...new Uint8Array(32).fill(0xab)]));
    expect(parsePackId(id)).toEqual({ hash: 'blake3', digest: new Uint8Array(32).fill(0xab) });
    expect(id.endsWith('m')).toBe(true);
    // The last character carries two unused bits: n would decode to the same bytes as m.
    for (const wrong of [
      '',
      'b',
      id.toUpperCase(),
      `${id}a`,
      id.slice(0, -1),
      `${id.slice(0, -1)}n`,
      id.replace('bafy', 'bafk'),
      '../../etc/passwd',
    ]) {
      expect(() => packIdBytes(wrong as PackId)).toThrow(expect.objectContaining({ code: 'invalid_input' }));
    }
  });
});

describe('Padmé', () => {
  it('never shrinks, adds at most 12 %, and leaves few sizes', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: limits.packBytes }), (length) => {
        const padded = padme(length);
        expect(padded).toBeGreaterThanOrEqual(length);
        expect(padded).toBeLessThanOrEqual(length * 1.12);
        expect(padme(padded)).toBe(padded);
      }),
    );
    const sizes = new Set(Array.from({ length: 10_000 }, (_, i) => padme(1_000_000 + i * 100)));
    expect(sizes.size).toBeLessThan(40);
  });
});
