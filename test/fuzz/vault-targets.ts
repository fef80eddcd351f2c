import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { deriveVaultKeys } from '#libs/crypto';
import { nodePrimitives } from '#libs/crypto/node';
import type { PackId } from '#libs/kernel';
import { isAppError, utf8 } from '#libs/kernel';
import { aPack, aVault, aVaultId, mulberry32 } from '#libs/vault/testing';
import { CborReader } from '../../libs/vault/src/cbor/cbor-reader.ts';
import { decodeSigned, encodeSigned, type SignedType } from '../../libs/vault/src/cbor/signed-envelope.ts';
import { associatedDataFor } from '../../libs/vault/src/chunk/associated-data.ts';
import { ChunkIndex } from '../../libs/vault/src/chunk-index/chunk-index.ts';
import { encodeFragments, mergeFragment } from '../../libs/vault/src/chunk-index/fragment.ts';
import { PackTable } from '../../libs/vault/src/chunk-index/pack-table.ts';
import { VaultError } from '../../libs/vault/src/errors.ts';
import { decodeHead } from '../../libs/vault/src/head/head-codec.ts';
import { decodeHeader } from '../../libs/vault/src/header/header-codec.ts';
import { packDag, openRootBlock } from '../../libs/vault/src/pack/pack-dag.ts';
import { checkDirectory, readDirectory } from '../../libs/vault/src/pack/pack-directory.ts';
import { decodePackHeader, packHeaderBytes } from '../../libs/vault/src/pack/pack-layout.ts';
import { packIdFromBytes, packIdBytes } from '../../libs/vault/src/pack/pack-id.ts';
import { decodeRootBlock } from '../../libs/vault/src/pack/unixfs-root.ts';
import { ChunkOpener } from '../../libs/vault/src/read/chunk-opener.ts';
import { openPackDirectory } from '../../libs/vault/src/read/open-pack.ts';
import { decodeSnapshotRecord, encodeSnapshotRecord } from '../../libs/vault/src/snapshot/record-codec.ts';
import { writeEntry } from '../../libs/vault/src/tree/entry-codec.ts';
import { CborWriter } from '../../libs/vault/src/cbor/cbor-writer.ts';
import { StoredEntries } from '../../libs/vault/src/tree/stored-entries.ts';
import { decodeTree, encodeTreeEntries, encodeTreeParts } from '../../libs/vault/src/tree/tree-codec.ts';
import type { TreeEntry } from '../../libs/vault/src/tree/tree-entry.ts';
import type { Dice } from './dice.ts';
import { mutateBytes } from './mutate-bytes.ts';
import { type FuzzTarget, target } from './target.ts';

const MiB = 1024 * 1024;
const golden = join(import.meta.dirname, '../fixtures/vault-v1');
const vaultErrors: FuzzTarget['errors'] = [['VaultError']];

/** Decoders of the vault format, on samples of a real vault, of the golden one, and on trees with every kind of entry. */
export async function vaultTargets(): Promise<FuzzTarget[]> {
  const primitives = nodePrimitives();
  const vault = await aVault();
  await vault.snapshot({
    'a.txt': utf8('a'),
    folder: { 'big.bin': mulberry32(1, 40_000), link: { '/entry': { type: 'symlink', linkTarget: utf8('a.txt') } } },
  });
  await vault.snapshot({
    'a.txt': utf8('b'),
    sparse: { '/entry': { size: 9_000_000 }, '/ranges': [{ offset: 4_096, length: 50 }], '/content': mulberry32(2, 50) },
  });
  const keys = vault.signingKeyPair;
  const reader = await vault.open();
  const entries: TreeEntry[] = [];
  for await (const snapshot of reader.snapshots()) for await (const { entry } of reader.walk(snapshot)) entries.push(entry);
  const record = await reader.snapshot('latest');

  const file = (name: string): Uint8Array => new Uint8Array(readFileSync(join(golden, name)));
  const headers = [vault.headerBytes, file('header')];
  const heads = [vault.headBytes!, file('head')];
  const records = [
    encodeSnapshotRecord(record, keys),
    encodeSnapshotRecord({ ...record, tags: ['weekly', 'pinned'], partial: true, lost: { files: 3, folders: 1, bytes: 70_000 } }, keys),
  ];
  const trees = [
    ...treeSamples(entries),
    encodeTreeParts([
      { id: mulberry32(9, 32), firstName: utf8('a') },
      { id: mulberry32(8, 32), firstName: utf8('b') },
    ]),
  ];
  const packs = [await aPack({ plainBytes: 700 }), await aPack({ seed: 2, plainBytes: 600_000 })];
  const infos = packs.map(({ packId, kind, sizeBytes, epoch, noncePrefix }, ordinal) => ({
    packId,
    kind,
    sizeBytes,
    epoch,
    noncePrefix,
    ordinal,
  }));
  const chunks = packs.flatMap((pack, ordinal) => [...readDirectory(pack.directory)].map((entry) => ({ ...entry, ordinal })));
  const fragments = [
    ...encodeFragments(infos, chunks),
    ...encodeFragments(infos.slice(0, 1), chunks.slice(0, 1)),
    ...encodeFragments([], []),
  ];
  const directories = packs.map((pack) => pack.directory);
  const roots = packs.map((pack) => pack.rootBlock);

  /** Half of them damaged as they are, half damaged inside and signed again by the vault's own device, so that what is behind the signature is reached. */
  const signedInput =
    (samples: readonly Uint8Array[], prefixBytes: number, type: SignedType) =>
    (dice: Dice): Uint8Array => {
      const sample = dice.of(samples);
      if (dice.below(2) === 0) return mutateBytes(dice, sample, samples);
      const fail = (): Error => new VaultError('bad_head', 'sample');
      const payloads = samples.map((one) => decodeSigned(one.subarray(prefixBytes), one.length, fail).payload);
      const payload = mutateBytes(dice, payloads[samples.indexOf(sample)]!, payloads);
      return Uint8Array.from([...sample.subarray(0, prefixBytes), ...encodeSigned(type, payload, keys)]);
    };
  const mutated =
    (samples: readonly Uint8Array[]) =>
    (dice: Dice): Uint8Array =>
      dice.below(50) === 0 ? dice.bytes(dice.below(300)) : mutateBytes(dice, dice.of(samples), samples);

  return [
    target({
      name: 'CBOR',
      weight: 14,
      errors: vaultErrors,
      memoryBytes: 2 * MiB,
      input: mutated([...trees, ...records]),
      decode: walkCbor,
    }),
    target({
      name: 'vault header',
      weight: 6,
      errors: vaultErrors,
      memoryBytes: 4 * MiB,
      input: signedInput(headers, 5, 'vault-header'),
      decode: decodeHeader,
    }),
    target({
      name: 'vault head',
      weight: 6,
      errors: vaultErrors,
      memoryBytes: 4 * MiB,
      input: signedInput(heads, 5, 'vault-head'),
      decode: (bytes) => decodeHead(bytes, keys.publicKey),
    }),
    target({
      name: 'snapshot record',
      weight: 6,
      errors: vaultErrors,
      memoryBytes: 4 * MiB,
      input: signedInput(records, 0, 'snapshot-record'),
      decode: (bytes) => decodeSnapshotRecord(bytes, keys.publicKey),
    }),
    target({
      name: 'stored entries',
      weight: 16,
      errors: vaultErrors,
      memoryBytes: 4 * MiB,
      input: mutated(trees),
      decode: (bytes) => {
        const stored = StoredEntries.of(bytes);
        if (!stored) return;
        for (; stored.isAtEntry; stored.next()) stored.entry();
      },
    }),
    target({ name: 'tree', weight: 16, errors: vaultErrors, memoryBytes: 4 * MiB, input: mutated(trees), decode: decodeTree }),
    target({
      name: 'index fragment',
      weight: 8,
      errors: vaultErrors,
      // An index takes a segment of 3 MiB with its first chunk.
      memoryBytes: 8 * MiB,
      input: mutated(fragments),
      decode: (bytes) => mergeFragment(bytes, new PackTable(), new ChunkIndex()),
    }),
    target({
      name: 'pack header',
      weight: 6,
      errors: vaultErrors,
      memoryBytes: MiB,
      input: mutated(packs.map(({ bytes }) => bytes.slice(0, packHeaderBytes))),
      decode: (bytes) => decodePackHeader(bytes, 'fuzzed'),
    }),
    target({
      name: 'pack directory',
      weight: 8,
      errors: vaultErrors,
      memoryBytes: 2 * MiB,
      input: mutated(directories),
      decode(bytes) {
        checkDirectory(bytes, 42 + 716, 'fuzzed');
        return [...readDirectory(bytes)];
      },
    }),
    packTarget(primitives),
    target({
      name: 'root block',
      weight: 6,
      errors: vaultErrors,
      memoryBytes: 2 * MiB,
      input: mutated(roots),
      decode(bytes) {
        // A hostile owner can name any block by its right id: so both what the id refuses and what lies behind it.
        const root = decodeRootBlock(bytes);
        const id = packIdFromBytes(packIdBytes(packs[0]!.packId));
        return [root, openRootBlock(primitives, id!, bytes)];
      },
    }),
    target({
      name: 'Zstandard frame',
      weight: 6,
      errors: [['CryptoError', ['decompress_failed']]],
      memoryBytes: 4 * MiB,
      input(dice) {
        const n = dice.below(plains.length);
        const agreed = dice.below(3) > 0 ? plains[n]!.length : dice.of([0, 1, 2 ** 31, 2 ** 40, dice.below(1_000_000)]);
        return { frame: mutateBytes(dice, frames[n]!, frames), plainLength: agreed };
      },
      decode: ({ frame, plainLength }) => primitives.decompress(frame, plainLength),
    }),
  ];

  function treeSamples(all: readonly TreeEntry[]): Uint8Array[] {
    const common = { mode: 0o644, uid: 1, gid: 2, mtimeNs: 5n, size: 0 };
    const odd: TreeEntry[] = [
      { ...common, name: utf8('dev'), type: 'block-device', rdev: 2049n },
      { ...common, name: utf8('fifo'), type: 'fifo', ctimeNs: -1n, birthtimeNs: 1n },
      { ...common, name: utf8('hard'), type: 'file', size: 40, content: { ids: mulberry32(3, 32) }, inode: 7n, device: 8n, links: 2 },
      { ...common, name: utf8('list'), type: 'file', size: 4_000_000, content: { chunkList: mulberry32(4, 32), depth: 2 } },
      {
        ...common,
        name: utf8('x'),
        type: 'file',
        size: 0,
        user: 'ann',
        group: 'staff',
        xattrs: [{ name: utf8('user.a'), value: mulberry32(5, 40) }],
      },
      { ...common, name: utf8('y'), type: 'file', size: 9, error: 'access_denied' },
    ] as TreeEntry[];
    const sorted = (list: readonly TreeEntry[]): Uint8Array[] =>
      [...new Map(list.map((entry) => [Buffer.from(entry.name).toString('latin1'), entry])).entries()]
        .filter(([name]) => name !== '')
        .sort(([a], [b]) => (a < b ? -1 : 1))
        .map(([, entry]) => {
          const writer = new CborWriter();
          writeEntry(writer, entry);
          return writer.finish();
        });
    return [
      encodeTreeEntries(sorted(all)),
      encodeTreeEntries(sorted(odd)),
      encodeTreeEntries(sorted([...all, ...odd])),
      encodeTreeEntries([]),
    ];
  }
}

const plains = [utf8('tree tree tree tree '.repeat(10)), utf8('{"a":1}'.repeat(700)), new Uint8Array(70_000)];
// Copies: the next call uses the memory of the one before again.
const frames = plains.map((plain) => nodePrimitives().compress(plain, 1).slice());

/** Reads whatever stands there, the way a decoder without a schema would. */
function walkCbor(bytes: Uint8Array): number {
  const reader = new CborReader(bytes, (what) => new VaultError('tree_corrupt', what));
  let values = 0;
  const value = (depth: number): void => {
    values += 1;
    if (depth > 64) throw reader.fail('too deep');
    const major = (bytes[reader.offset] ?? 0) >> 5;
    if (major <= 1) reader.int64();
    else if (major === 2) reader.bytes(1_000_000);
    else if (major === 3) reader.text(1_000_000);
    else if (major === 4) for (let left = reader.array(1_000_000); left > 0; left -= 1) value(depth + 1);
    else if (major === 5) {
      let key = '';
      for (let left = reader.map(1_000_000); left > 0; left -= 1) {
        key = reader.key(key);
        value(depth + 1);
      }
    } else if (!reader.null()) reader.bool();
  };
  value(0);
  reader.end();
  return values;
}

/** Whole packs whose directory and trailer were damaged before they were sealed, by somebody who has the keys, and packs damaged on the way. */
function packTarget(primitives: ReturnType<typeof nodePrimitives>): FuzzTarget {
  const masterKey = new Uint8Array(32).fill(7);
  const vaultKeys = deriveVaultKeys(masterKey, 0);
  const opener = new ChunkOpener(primitives, masterKey, aVaultId);
  return target({
    name: 'pack',
    weight: 4,
    errors: vaultErrors,
    memoryBytes: 4 * MiB,
    input(dice) {
      const noncePrefix = dice.bytes(16);
      const sealer = primitives.sealer(vaultKeys.data, noncePrefix);
      const associated = associatedDataFor(aVaultId);
      const plain = dice.bytes(100);
      const id = dice.bytes(32);
      const directory = new Uint8Array(4 + 45);
      const view = new DataView(directory.buffer);
      view.setUint32(0, 1, true);
      directory[4] = 1;
      directory.set(id, 5);
      view.setUint32(37, packHeaderBytes, true);
      view.setUint32(41, 116, true);
      view.setUint32(45, 100, true);
      const directoryOffset = packHeaderBytes + 116;
      const which = dice.below(3);
      const plainDirectory = which === 0 ? mutateBytes(dice, directory, [directory]) : directory;
      const sealedDirectory = sealer.seal(directoryOffset, plainDirectory, associated('directory', directoryOffset));
      const trailerOffset = directoryOffset + sealedDirectory.length + dice.below(64);
      const trailer = new Uint8Array(8);
      new DataView(trailer.buffer).setUint32(0, directoryOffset, true);
      new DataView(trailer.buffer).setUint32(4, sealedDirectory.length, true);
      const plainTrailer = which === 1 ? mutateBytes(dice, trailer, [trailer]) : trailer;
      const sealedTrailer = sealer.seal(trailerOffset, plainTrailer, associated('trailer', trailerOffset));
      const bytes = new Uint8Array(trailerOffset + sealedTrailer.length);
      bytes.set([0x48, 0x46, 0x50, 0x4b, 1, 1]);
      bytes.set(Buffer.from(aVaultId, 'hex'), 6);
      bytes.set(noncePrefix, 26);
      bytes.set(sealer.seal(packHeaderBytes, plain, associated('data', packHeaderBytes, id)), packHeaderBytes);
      bytes.set(sealedDirectory, directoryOffset);
      bytes.set(sealedTrailer, trailerOffset);
      return which === 2 && dice.below(10) > 0 ? mutateBytes(dice, bytes, [bytes]) : bytes;
    },
    async decode(bytes) {
      const { packId } = packDag(primitives, bytes);
      const source = {
        sizeOf: async () => bytes.length,
        readRange: async (_: PackId, offset: number, length: number) => {
          if (offset + length > bytes.length) throw new Error(`asked for ${length} bytes at ${offset} of ${bytes.length}`);
          return bytes.subarray(offset, offset + length);
        },
      };
      const pack = await openPackDirectory(opener, source, packId);
      for (const entry of readDirectory(pack.directory)) {
        const sealed = await source.readRange(packId, entry.offset, entry.sealedLength);
        try {
          opener.open(pack, entry.kind, entry.id, entry, sealed);
        } catch (error) {
          // The id of this chunk is made up, so that opening it can't end well.
          if (!isAppError(error, 'chunk_corrupt')) throw error;
        }
      }
    },
  });
}
