import { readdirSync, readFileSync } from 'node:fs';
import { beforeAll, describe, expect, it } from '@jest/globals';
import { boxKeyPairFromSecretKey, cryptoReady, type Primitives } from '#libs/crypto';
import { nodePrimitives } from '#libs/crypto/node';
import { portablePrimitives } from '#libs/crypto/portable';
import { fromHex, type PackId, toHex, utf8 } from '#libs/kernel';
import { decodeHeader, unlockHeader, VaultReader, VerifiedBlocks } from './index.ts';
import { describeSnapshot } from './testing/describe-snapshot.ts';
import { goldenVectors } from './testing/golden-vectors.ts';
import { memoryPackStore } from './testing/memory-pack-store.ts';

const folder = new URL('../../../test/fixtures/vault-v1/', import.meta.url);
const read = (name: string): Uint8Array => new Uint8Array(readFileSync(new URL(name, folder)));
const json = (name: string): unknown => JSON.parse(Buffer.from(read(name)).toString()) as unknown;

/** SHA-256 over all fixture files in order of their names. It never changes: readers keep reading what was written. */
const fixtureDigest = '655461769da98e72b35b95ceb26633c50d8259691f551e224f0fad94bc3ec262';

describe('golden vault, format version 1', () => {
  const store = memoryPackStore();
  const keys = json('keys.json') as { masterKey: string; passphrase: string; recoverySecretKey: string; signingPublicKey: string };
  const expected = json('expected.json') as {
    vaultId: string;
    chunks: number;
    packs: number;
    snapshots: { record: object; recordId: string; entries: { path: string }[] }[];
  };
  let primitives: Primitives;

  beforeAll(async () => {
    await cryptoReady();
    primitives = nodePrimitives();
    for (const name of readdirSync(new URL('packs/', folder))) {
      if (!name.endsWith('.pack')) continue;
      const packId = name.slice(0, -5) as PackId;
      store.packs.set(packId, { bytes: read(`packs/${name}`), rootBlock: read(`packs/${packId}.root`) });
    }
  });

  it('has not been touched', () => {
    const names = [
      'header',
      'head',
      'keys.json',
      'expected.json',
      'vectors.json',
      ...readdirSync(new URL('packs/', folder)).map((name) => `packs/${name}`),
    ].sort();
    const all = Buffer.concat(names.map((name) => Buffer.concat([Buffer.from(name), primitives.sha256(read(name))])));
    expect(toHex(primitives.sha256(all))).toBe(fixtureDigest);
  });

  it('opens with the passphrase and with the recovery key', async () => {
    const header = decodeHeader(read('header'));
    expect(header.vaultId).toBe(expected.vaultId);
    expect(toHex(header.signingPublicKey)).toBe(keys.signingPublicKey);
    expect(toHex(await unlockHeader(primitives, header, { passphrase: keys.passphrase }))).toBe(keys.masterKey);
    expect(
      toHex(await unlockHeader(primitives, header, { recoveryKeyPair: boxKeyPairFromSecretKey(fromHex(keys.recoverySecretKey)) })),
    ).toBe(keys.masterKey);
  });

  it.each(['node', 'portable'] as const)('reads as it was written, with %s primitives', async (kind) => {
    const reading = kind === 'node' ? primitives : await portablePrimitives();
    const reader = await VaultReader.open({
      primitives: reading,
      masterKey: fromHex(keys.masterKey),
      headerBytes: read('header'),
      headBytes: read('head'),
      blocks: new VerifiedBlocks({ primitives: reading, sources: [store] }),
      expectedSigningKey: fromHex(keys.signingPublicKey),
    });
    expect(reader.complete).toBe(true);
    expect({ chunks: reader.index.size, packs: reader.packs.size }).toEqual({ chunks: expected.chunks, packs: expected.packs });
    const many = `${toHex(utf8('many'))}/`;
    for (const [i, want] of expected.snapshots.entries()) {
      const snapshot = await reader.snapshot(i + 1);
      expect(toHex(snapshot.recordId)).toBe(want.recordId);
      expect(snapshot).toMatchObject(want.record);
      const entries = (await describeSnapshot(reading, reader, snapshot)) as { path: string }[];
      expect(entries.filter((entry) => entry.path.includes(many))).toHaveLength(4_500);
      const known = new Set(want.entries.map((entry) => entry.path));
      expect(entries.filter((entry) => known.has(entry.path))).toEqual(want.entries);
      expect(entries.filter((entry) => !known.has(entry.path) && !entry.path.includes(many))).toEqual([]);
    }
  });

  it.each(['node', 'portable'] as const)('every single step gives its vector, with %s primitives', async (kind) => {
    expect(goldenVectors(kind === 'node' ? primitives : await portablePrimitives())).toEqual(json('vectors.json'));
  });
});
