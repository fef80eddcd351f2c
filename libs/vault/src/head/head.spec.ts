import { beforeAll, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { cryptoReady, type SigningKeyPair, signingKeyPairFromSeed } from '#libs/crypto';
import { nodePrimitives } from '#libs/crypto/node';
import { toHex, utf8 } from '#libs/kernel';
import { limits } from '../limits.ts';
import { PackBitmap } from '../chunk-index/pack-bitmap.ts';
import { packIdOf } from '../pack/pack-id.ts';
import { decodeSnapshotRecord, encodeSnapshotRecord } from '../snapshot/record-codec.ts';
import type { SnapshotRecord } from '../snapshot/snapshot-record.ts';
import { aVaultId, mulberry32 } from '../testing/golden-vectors.ts';
import { decodeOutcome, mutationsOf } from '../testing/mutations.ts';
import { decodeHead, encodeHead, livePackDigest } from './head-codec.ts';
import { headContinues } from './head-succession.ts';
import type { VaultHead } from './vault-head.ts';

const packId = (n: number) => packIdOf(Uint8Array.from([1, 0x70, 0x1e, 32, ...mulberry32(n, 32)]));
const primitives = nodePrimitives();
let keys: SigningKeyPair;
let stranger: SigningKeyPair;
beforeAll(async () => {
  await cryptoReady();
  keys = signingKeyPairFromSeed(mulberry32(1, 32));
  stranger = signingKeyPairFromSeed(mulberry32(2, 32));
});

const bitmap = (...ordinals: number[]): PackBitmap => {
  const made = new PackBitmap();
  for (const ordinal of ordinals) made.set(ordinal);
  return made;
};

const aHead = (change: Partial<VaultHead> = {}): VaultHead => ({
  vaultId: aVaultId,
  sequence: 7,
  writtenAtMs: 1_767_600_000_000,
  indexPacks: [
    { packId: packId(1), ordinal: 3, sizeBytes: 5_000 },
    { packId: packId(2), ordinal: 9, sizeBytes: 6_000 },
  ],
  snapshots: [
    { sequence: 1, pack: 0, offset: 42, sealedLength: 116, plainLength: 300, recordId: mulberry32(3, 32) },
    { sequence: 4, pack: 1, offset: 99, sealedLength: 116, plainLength: 100, recordId: mulberry32(4, 32) },
  ],
  live: livePackDigest(primitives, [packId(1), packId(2)]),
  nextOrdinal: 10,
  previousHead: mulberry32(5, 32),
  ...change,
});

describe('vault head', () => {
  it('comes back as it was written', () => {
    for (const head of [aHead(), aHead({ previousHead: undefined, snapshots: [], indexPacks: [], sequence: 1 })]) {
      expect(decodeHead(encodeHead(head, keys), keys.publicKey)).toEqual(head);
    }
  });

  it('is told from one that leads elsewhere, though both list the same snapshots', () => {
    const before = aHead({ dead: bitmap(0, 2) });
    const [first, second] = before.snapshots;
    const more = { packId: packId(3), ordinal: 10, sizeBytes: 7_000 };
    const backedUp = {
      ...{ sequence: 8, indexPacks: [...before.indexPacks, more], nextOrdinal: 11, dead: bitmap(2) },
      snapshots: [...before.snapshots, { ...second!, sequence: 5, pack: 2, recordId: mulberry32(6, 32) }],
    };
    expect(headContinues(before, aHead(backedUp))).toBe(true);
    expect(headContinues(before, before)).toBe(true);
    // The same index pack at another place of the list.
    const turned = {
      indexPacks: before.indexPacks.toReversed(),
      snapshots: before.snapshots.map((one) => ({ ...one, pack: 1 - one.pack })),
    };
    expect(headContinues(before, aHead({ ...turned, dead: bitmap(0, 2) }))).toBe(true);
    for (const astray of [
      { snapshots: [second!] },
      { snapshots: [{ ...first!, pack: 1 }, second!] },
      { snapshots: [{ ...first!, offset: 43 }, second!] },
      { snapshots: [{ ...first!, sealedLength: 115 }, second!] },
      { snapshots: [{ ...first!, plainLength: 299 }, second!] },
      { snapshots: [{ ...first!, recordId: mulberry32(9, 32) }, second!] },
      { dead: bitmap(0, 2, 5) },
      { dead: bitmap(0, 2, 200), nextOrdinal: 201 },
      { indexPacks: [before.indexPacks[0]!, more], snapshots: [first!, second!], nextOrdinal: 11 },
    ]) {
      expect(headContinues(before, aHead({ dead: bitmap(0, 2), ...astray }))).toBe(false);
    }
  });

  it('carries dead packs and pinned snapshots, in bytes that never change', () => {
    const dead = bitmap(0, 2, 8);
    const bytes = encodeHead(aHead({ dead, pinned: [1, 4] }), keys);
    const back = decodeHead(bytes, keys.publicKey);
    expect([...back.dead!.ordinals()]).toEqual([0, 2, 8]);
    expect(back.pinned).toEqual([1, 4]);
    expect(toHex(primitives.blake3(bytes))).toBe('fc56d798fa72dc8ffdc9eb8ad054ba090e3be8a982976eb3feabebd351879261');
    // Without them the bytes are those of a head from before they were known.
    expect(encodeHead(aHead({ dead: bitmap(), pinned: [] }), keys)).toEqual(encodeHead(aHead(), keys));
  });

  it('is refused when another device signed it', () => {
    expect(decodeOutcome(() => decodeHead(encodeHead(aHead(), stranger), keys.publicKey))).toEqual({ code: 'bad_signature' });
  });

  it('fails cleanly when damaged', () => {
    const bytes = encodeHead(aHead(), keys);
    fc.assert(
      fc.property(mutationsOf(bytes), (damaged) => {
        if (Buffer.compare(damaged, bytes) === 0) return;
        expect(decodeOutcome(() => decodeHead(damaged, keys.publicKey))).toMatchObject({
          code: expect.stringMatching(/^(bad_head|bad_signature|unsupported_version)$/),
        });
      }),
      { numRuns: 500 },
    );
    expect(decodeOutcome(() => decodeHead(new Uint8Array(9_000_000), keys.publicKey))).toEqual({ code: 'limit_exceeded' });
  });

  it.each<[string, Partial<VaultHead>]>([
    ['snapshots out of order', { snapshots: [...aHead().snapshots].reverse() }],
    ['a record beyond its pack', { snapshots: [{ ...aHead().snapshots[0]!, offset: 4_990 }] }],
    ['a record in no pack', { snapshots: [{ ...aHead().snapshots[0]!, pack: 2 }] }],
    ['an ordinal that is not given out', { nextOrdinal: 9 }],
    ['a dead index pack', { dead: bitmap(3) }],
    ['a dead pack that was never there', { dead: bitmap(10) }],
    ['a pinned snapshot that it does not have', { pinned: [2] }],
    ['pinned snapshots out of order', { pinned: [4, 1] }],
  ])('is not written with %s', (_name, change) => {
    expect(decodeOutcome(() => encodeHead(aHead(change), keys))).toEqual({ code: 'invalid_input' });
  });

  it('is not written with more than a reader takes: it would be the last', () => {
    const one = aHead().snapshots[0]!;
    const snapshots = (count: number) => Array.from({ length: count }, (_, i) => ({ ...one, sequence: i + 1 }));
    expect(decodeHead(encodeHead(aHead({ snapshots: snapshots(limits.snapshotsPerHead) }), keys), keys.publicKey).snapshots.length).toBe(
      limits.snapshotsPerHead,
    );
    const indexPacks = Array.from({ length: limits.indexPacksPerHead + 1 }, (_, i) => ({ ...aHead().indexPacks[0]!, ordinal: i }));
    for (const change of [
      { snapshots: snapshots(limits.snapshotsPerHead + 1) },
      { indexPacks, nextOrdinal: indexPacks.length },
      { live: { ...aHead().live, count: limits.packs + 1 } },
      { nextOrdinal: 2 ** 32 },
    ])
      expect(decodeOutcome(() => encodeHead(aHead(change), keys))).toEqual({ code: 'invalid_input' });
  });

  it('digests live packs whatever their order, and notices one that is missing', () => {
    const ids = [1, 2, 3].map(packId);
    expect(livePackDigest(primitives, [...ids].reverse())).toEqual(livePackDigest(primitives, ids));
    expect(livePackDigest(primitives, ids.slice(1)).digest).not.toEqual(livePackDigest(primitives, ids).digest);
  });
});

describe('snapshot record', () => {
  const aRecord = (change: Partial<SnapshotRecord> = {}): SnapshotRecord => ({
    sequence: 3,
    previous: mulberry32(1, 32),
    startedAtMs: 1,
    endedAtMs: 2,
    host: 'ann-laptop',
    user: 'ann',
    roots: ['/etc', '/home/ann', 'C:/Users'].map((path) => ({
      path: utf8(path),
      entry: { name: new Uint8Array(0), type: 'directory', mode: 0o755, uid: 0, gid: 0, mtimeNs: 1n, size: 0, tree: mulberry32(2, 32) },
    })),
    excludes: ['*.tmp', 'é'],
    tags: ['x'],
    stats: { files: 3, bytes: 2 ** 50, newPacks: 0 },
    partial: true,
    ...change,
  });

  it('comes back as it was written, paths in order', () => {
    for (const record of [
      aRecord(),
      aRecord({ adHoc: true }),
      aRecord({ lost: { files: 2, folders: 0, bytes: 2 ** 40 } }),
      aRecord({ previous: undefined, roots: [], excludes: [], tags: [], stats: {} }),
    ]) {
      expect(decodeSnapshotRecord(encodeSnapshotRecord({ ...record, roots: [...record.roots].reverse() }, keys), keys.publicKey)).toEqual(
        record,
      );
    }
  });

  it('carries what a repair found lost, in bytes that never change', () => {
    const digest = (record: SnapshotRecord): string => toHex(primitives.sha256(encodeSnapshotRecord(record, keys)));
    expect(digest(aRecord())).toBe('9d1d332b747266468813b19e4cded3356d394a1b2c8f53bad8bdfb4369863cc0');
    expect(digest(aRecord({ lost: { files: 2, folders: 1, bytes: 310_000 } }))).toBe(
      '0086bfcbf952d5341c437890df23e26d76ca213a19b18cef52d566bd15dc0bfb',
    );
  });

  it('is refused when another device signed it, or damaged', () => {
    const bytes = encodeSnapshotRecord(aRecord(), keys);
    expect(decodeOutcome(() => decodeSnapshotRecord(bytes, stranger.publicKey))).toEqual({ code: 'bad_signature' });
    fc.assert(
      fc.property(mutationsOf(bytes), (damaged) => {
        if (Buffer.compare(damaged, bytes) === 0) return;
        expect(decodeOutcome(() => decodeSnapshotRecord(damaged, keys.publicKey))).toMatchObject({
          code: expect.stringMatching(/^(record_corrupt|bad_signature)$/),
        });
      }),
      { numRuns: 500 },
    );
  });

  it.each<[string, Partial<SnapshotRecord>]>([
    ['more paths than a reader takes', { roots: Array.from({ length: limits.rootsPerRecord + 1 }, (_, i) => ({ ...aRecord().roots[0]!, path: utf8(`/${String(i).padStart(4, '0')}`) })) }], // prettier-ignore
    ['more excludes', { excludes: Array.from({ length: limits.textsPerRecord + 1 }, () => 'x') }],
    ['more tags', { tags: Array.from({ length: limits.textsPerRecord + 1 }, () => 'x') }],
    ['a longer exclude', { excludes: ['x'.repeat(16 * 1024 + 1)] }],
    ['a longer host', { host: 'é'.repeat(513) }],
    ['a longer user', { user: 'x'.repeat(1_025) }],
    ['a number below zero', { stats: { files: -1 } }],
    ['a part of a file', { lost: { files: 0.5, folders: 0, bytes: 0 } }],
    ['a time before 1970', { startedAtMs: -1 }],
    ['no number', { sequence: 0 }],
  ])('is not written with %s', (_, change) => {
    expect(decodeOutcome(() => encodeSnapshotRecord(aRecord(change), keys))).toEqual({ code: 'invalid_input' });
  });

  it.each(['relative/path', '', '/a/../b', '/a//b', '/home/', '/nul\0'])('refuses the backed-up path %j', (path) => {
    expect(decodeOutcome(() => encodeSnapshotRecord(aRecord({ roots: [{ ...aRecord().roots[0]!, path: utf8(path) }] }), keys))).toEqual({
      code: 'invalid_input',
    });
  });
});
