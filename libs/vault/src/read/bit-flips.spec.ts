import { beforeAll, describe, expect, it } from '@jest/globals';
import type { AppError } from '#libs/kernel';
import { type PackId, utf8 } from '#libs/kernel';
import { limits, sealOverhead } from '../limits.ts';
import { packDag } from '../pack/pack-dag.ts';
import { readDirectory } from '../pack/pack-directory.ts';
import { packHeaderBytes, packTrailerBytes } from '../pack/pack-layout.ts';
import { mulberry32 } from '../testing/golden-vectors.ts';
import { aVault, memoryPackStore, type MemoryPackStore, type TestVault } from '../testing/index.ts';
import { ChunkOpener } from './chunk-opener.ts';
import { openPackDirectory } from './open-pack.ts';
import type { BlockRejected } from './verified-blocks.ts';
import { VerifiedBlocks } from './verified-blocks.ts';

const flip = (bytes: Uint8Array, at: number, bit = 3): Uint8Array => {
  const out = bytes.slice();
  out[at]! ^= 1 << bit;
  return out;
};
const errorOf = (promise: Promise<unknown>): Promise<AppError> =>
  promise.then(
    () => Promise.reject(new Error('nothing was found')),
    (error: AppError) => error,
  );

describe('one flipped bit', () => {
  let vault: TestVault;
  beforeAll(async () => {
    vault = await aVault();
    await vault.snapshot({
      'big.bin': mulberry32(1, 350_000),
      'text.txt': utf8('some words '.repeat(5_000)),
      folder: { 'a.txt': utf8('a') },
    });
    await vault.snapshot({ 'big.bin': mulberry32(1, 350_000), 'new.txt': utf8('new') });
  });
  const altered = (
    packId: PackId,
    change: (pack: { bytes: Uint8Array; rootBlock: Uint8Array }) => { bytes: Uint8Array; rootBlock: Uint8Array },
  ): MemoryPackStore => {
    const store = memoryPackStore({ name: 'bad holder' });
    for (const [id, pack] of vault.store.packs) store.packs.set(id, id === packId ? change(pack) : pack);
    return store;
  };
  const readAll = async (sources: readonly MemoryPackStore[], onRejected?: (rejected: BlockRejected) => void): Promise<number> => {
    const reader = await vault.open({ sources, onRejected });
    let bytes = 0;
    for await (const snapshot of reader.snapshots()) {
      for await (const { entry } of reader.walk(snapshot))
        if (entry.type === 'file') for await (const piece of reader.readFile(entry)) bytes += piece.length;
    }
    return bytes;
  };

  it('anywhere in a stored pack: found and named, and healed by another holder', async () => {
    const whole = await readAll([vault.store]);
    for (const [packId, pack] of vault.store.packs) {
      const places = [
        0,
        4,
        5,
        10,
        24,
        30,
        packHeaderBytes,
        pack.bytes.length >> 1,
        pack.bytes.length - packTrailerBytes - 1,
        pack.bytes.length - packTrailerBytes,
        pack.bytes.length - 1,
      ];
      for (const at of places) {
        const bad = altered(packId, ({ bytes, rootBlock }) => ({ bytes: flip(bytes, at), rootBlock }));
        const error = await errorOf(readAll([bad]));
        expect(error).toMatchObject({
          code: 'block_corrupt',
          context: { packId, offset: Math.floor(at / limits.leafBytes) * limits.leafBytes },
        });
        expect(error.message).toContain('bad holder');
        const rejected: BlockRejected[] = [];
        expect(await readAll([bad, vault.store], (one) => rejected.push(one))).toBe(whole);
        expect(rejected[0]).toMatchObject({ packId, source: 'bad holder', code: 'block_corrupt', leaf: Math.floor(at / limits.leafBytes) });
      }
    }
  });

  it('anywhere in a root block: found and named', async () => {
    for (const [packId, { rootBlock: original }] of vault.store.packs) {
      for (let at = 0; at < original.length; at += 1) {
        const bad = altered(packId, ({ bytes, rootBlock }) => ({ bytes, rootBlock: flip(rootBlock, at) }));
        const blocks = new VerifiedBlocks({ primitives: vault.primitives, sources: [bad] });
        expect(await errorOf(blocks.rootBlock(packId))).toMatchObject({ code: 'block_corrupt', context: { packId, region: 'root block' } });
      }
    }
  });

  it('under a pack id made to fit: every region is still found by its seal, and named', async () => {
    for (const [packId, pack] of vault.store.packs) {
      const opener = new ChunkOpener(vault.primitives, vault.masterKey, vault.header.vaultId);
      const blocks = new VerifiedBlocks({ primitives: vault.primitives, sources: [vault.store] });
      const { directory } = await openPackDirectory(opener, blocks, packId);
      const entries = [...readDirectory(directory)];
      const directoryOffset = entries.at(-1)!.offset + entries.at(-1)!.sealedLength;
      const trailerOffset = pack.bytes.length - packTrailerBytes;
      const open = async (bytes: Uint8Array): Promise<void> => {
        const dag = packDag(vault.primitives, bytes);
        const store = memoryPackStore();
        await store.put({ packId: dag.packId, kind: 'data', bytes, rootBlock: dag.rootBlock });
        const forged = new VerifiedBlocks({ primitives: vault.primitives, sources: [store] });
        const fresh = new ChunkOpener(vault.primitives, vault.masterKey, vault.header.vaultId);
        const opened = await openPackDirectory(fresh, forged, dag.packId);
        for (const entry of readDirectory(opened.directory)) {
          fresh.open(opened, entry.kind, entry.id, entry, await forged.readRange(dag.packId, entry.offset, entry.sealedLength));
        }
      };
      await open(pack.bytes);
      const regions: [name: string, at: number, expected: object][] = [
        ['magic', 1, { code: 'pack_corrupt', context: { region: 'header' } }],
        ['version', 4, { code: 'unsupported_version' }],
        ['kind', 5, { code: 'pack_corrupt' }],
        ['vault id', 9, { code: 'wrong_key' }],
        ['epoch', 22, { code: 'pack_corrupt', context: { region: 'trailer' } }],
        ['nonce prefix', 30, { code: 'pack_corrupt', context: { region: 'trailer' } }],
        ['directory', directoryOffset + 7, { code: 'pack_corrupt', context: { region: 'directory', offset: directoryOffset } }],
        [
          'directory tag',
          directoryOffset + directory.length + sealOverhead - 1,
          { code: 'pack_corrupt', context: { region: 'directory' } },
        ],
        ['trailer', trailerOffset, { code: 'pack_corrupt', context: { region: 'trailer', offset: trailerOffset } }],
        ['trailer tag', trailerOffset + packTrailerBytes - 1, { code: 'pack_corrupt', context: { region: 'trailer' } }],
      ];
      for (const entry of entries.slice(0, 5)) {
        for (const at of [entry.offset, entry.offset + entry.sealedLength - 1])
          regions.push([
            `${entry.kind} chunk`,
            at,
            { code: 'chunk_corrupt', context: { region: `${entry.kind} chunk`, offset: entry.offset } },
          ]);
      }
      for (const [name, at, expected] of regions) {
        // A bit that leaves kind and vault as wrong as they can be.
        const error = await errorOf(open(flip(pack.bytes, at, name === 'kind' ? 7 : 0)));
        expect({ name, code: error.code, context: error.context }).toMatchObject({ name, ...expected });
      }
    }
  });

  it('anywhere in the header or the head: found', async () => {
    for (const [name, original] of [
      ['headerBytes', vault.headerBytes],
      ['headBytes', vault.headBytes!],
    ] as const) {
      for (let at = 0; at < original.length; at += 1) {
        const error = await errorOf(vault.open({ [name]: flip(original, at, at % 8) }));
        expect({ at, code: error.code }).toMatchObject({
          at,
          code: expect.stringMatching(/^(bad_header|bad_head|bad_signature|unsupported_version)$/),
        });
      }
    }
  });
});
