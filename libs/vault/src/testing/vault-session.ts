import type { Primitives, SigningKeyPair, VaultKeys } from '#libs/crypto';
import type { RandomSource } from '#libs/kernel';
import { utf8 } from '#libs/kernel';
import { type ChunkIds, createChunkIds } from '../chunk/chunk-id.ts';
import type { ChunkKind } from '../chunk/chunk-kind.ts';
import { type Chunker, createChunker } from '../chunk/chunker.ts';
import { ChunkIndex } from '../chunk-index/chunk-index.ts';
import { encodeFragments } from '../chunk-index/fragment.ts';
import { type PackInfo, PackTable } from '../chunk-index/pack-table.ts';
import { encodeHead, headDigest, livePackDigest } from '../head/head-codec.ts';
import type { HeadIndexPack, HeadSnapshot, VaultHead } from '../head/vault-head.ts';
import { chunkerParameters, type VaultHeader } from '../header/vault-header.ts';
import type { WrittenPack } from '../pack/pack-builder.ts';
import { readDirectory } from '../pack/pack-directory.ts';
import { PackWriter, sealPack } from '../pack/pack-writer.ts';
import type { PackStore } from '../ports.ts';
import { encodeSnapshotRecord } from '../snapshot/record-codec.ts';
import type { SnapshotRecord } from '../snapshot/snapshot-record.ts';
import { ContentWriter } from '../tree/content-writer.ts';
import type { FileContent, TreeEntry } from '../tree/tree-entry.ts';
import { TreeWriter } from '../tree/tree-writer.ts';
import type { TestFolder, TestNode, TestSpecial } from './a-vault.ts';

export interface VaultSessionOptions {
  readonly primitives: Primitives;
  readonly random: RandomSource;
  readonly keys: VaultKeys;
  readonly header: VaultHeader;
  readonly signingKeyPair: SigningKeyPair;
  readonly store: PackStore;
}

/** The write path in its plainest form: one thread, everything in memory. The engine's is the fast one. */
export class VaultSession {
  readonly #o: VaultSessionOptions;
  readonly #ids: ChunkIds;
  readonly #chunker: Chunker;
  readonly #index = new ChunkIndex();
  readonly #packs = new PackTable();
  readonly #pending = new Set<string>();
  readonly #writers: { readonly data: PackWriter; readonly meta: PackWriter };
  #newPacks: PackInfo[] = [];
  #nextOrdinal = 0;
  #indexPacks: HeadIndexPack[] = [];
  #snapshots: HeadSnapshot[] = [];
  #headBytes: Uint8Array | undefined;
  #headSequence = 0;

  constructor(options: VaultSessionOptions) {
    this.#o = options;
    const { primitives, keys, header } = options;
    this.#ids = createChunkIds(primitives, keys.chunkId);
    this.#chunker = createChunker(primitives, keys.gear, chunkerParameters(header.parameters));
    const { dataPackBytes, metaPackBytes, compressionLevel, blockHash } = header.parameters;
    const common = { ...options, vaultId: header.vaultId, epoch: 0, compressionLevel, blockHash };
    this.#writers = {
      data: new PackWriter({ ...common, kind: 'data', targetBytes: dataPackBytes }),
      meta: new PackWriter({ ...common, kind: 'meta', targetBytes: metaPackBytes }),
    };
  }

  async storeFile(bytes: Uint8Array): Promise<FileContent | undefined> {
    const content = new ContentWriter((kind, plaintext) => this.storeChunk(kind, plaintext));
    for (let start = 0; start < bytes.length;) {
      const end = this.#chunker.nextCut(bytes, start, bytes.length, true);
      await content.add(await this.storeChunk('data', bytes.subarray(start, end)));
      start = end;
    }
    return content.finish();
  }

  async storeFolder(folder: TestFolder): Promise<Uint8Array> {
    const tree = new TreeWriter({
      primitives: this.#o.primitives,
      gearKey: this.#o.keys.gear,
      store: (kind, plaintext) => this.storeChunk(kind, plaintext),
    });
    const entries: TreeEntry[] = [];
    for (const [name, node] of Object.entries(folder)) entries.push(await this.#entry(name, node));
    entries.sort((a, b) => Buffer.compare(a.name, b.name));
    for (const entry of entries) await tree.add(entry);
    return tree.finish();
  }

  async storeChunk(kind: ChunkKind, plaintext: Uint8Array): Promise<Uint8Array> {
    const id = this.#ids.of(kind, plaintext);
    const key = Buffer.from(id).toString('hex');
    if (this.#index.has(id) || this.#pending.has(key)) return id;
    this.#pending.add(key);
    for (const pack of this.#writers[kind === 'data' ? 'data' : 'meta'].add(kind, id, plaintext)) await this.#keep(pack);
    return id;
  }

  async commit(
    path: Uint8Array,
    tree: Uint8Array,
    record: Partial<SnapshotRecord>,
  ): Promise<{ readonly head: VaultHead; readonly headBytes: Uint8Array }> {
    const { primitives, random, keys, header, signingKeyPair } = this.#o;
    for (const pack of [...this.#writers.data.flush(), ...this.#writers.meta.flush()]) await this.#keep(pack);
    const ordinals = new Set(this.#newPacks.map((pack) => pack.ordinal));
    const fragments = encodeFragments(
      this.#newPacks,
      [...this.#index.entries()].filter((chunk) => ordinals.has(chunk.ordinal)),
    );
    const sequence = (this.#snapshots.at(-1)?.sequence ?? 0) + 1;
    const plaintext = encodeSnapshotRecord(
      {
        sequence,
        previous: this.#snapshots.at(-1)?.recordId,
        startedAtMs: Date.UTC(2026, 0, 5, 18),
        endedAtMs: Date.UTC(2026, 0, 5, 18, 1),
        host: 'ann-laptop',
        user: 'ann',
        roots: [{ path, entry: entryDefaults(new Uint8Array(0), { type: 'directory', mode: 0o755, tree }) }],
        excludes: ['*.tmp'],
        tags: [],
        stats: { files: 1, bytes: 2 },
        partial: false,
        ...record,
      },
      signingKeyPair,
    );
    const recordId = this.#ids.of('record', plaintext);
    const chunks = fragments.map((fragment) => ({
      kind: 'indexFragment' as const,
      id: this.#ids.of('indexFragment', fragment),
      plaintext: fragment,
    }));
    const pack = sealPack({ primitives, random, vaultId: header.vaultId, keys, epoch: 0, kind: 'index' }, [
      ...chunks,
      { kind: 'record', id: recordId, plaintext },
    ]);
    const { ordinal } = await this.#keep(pack);
    this.#newPacks = [];
    this.#indexPacks = [...this.#indexPacks, { packId: pack.packId, ordinal, sizeBytes: pack.sizeBytes }];
    const place = [...readDirectory(pack.directory)].find((entry) => entry.kind === 'record')!;
    this.#snapshots = [
      ...this.#snapshots,
      {
        sequence,
        pack: this.#indexPacks.length - 1,
        offset: place.offset,
        sealedLength: place.sealedLength,
        plainLength: place.plainLength,
        recordId,
      },
    ];
    const head: VaultHead = {
      vaultId: header.vaultId,
      sequence: (this.#headSequence += 1),
      writtenAtMs: Date.UTC(2026, 0, 5, 18, 2),
      indexPacks: this.#indexPacks,
      snapshots: this.#snapshots,
      live: livePackDigest(
        primitives,
        [...this.#packs.values()].map((one) => one.packId),
      ),
      nextOrdinal: this.#nextOrdinal,
      previousHead: this.#headBytes && headDigest(primitives, this.#headBytes),
    };
    this.#headBytes = encodeHead(head, signingKeyPair);
    return { head, headBytes: this.#headBytes };
  }

  async #keep(pack: WrittenPack): Promise<PackInfo> {
    await this.#o.store.put(pack);
    const info: PackInfo = {
      ordinal: this.#nextOrdinal++,
      packId: pack.packId,
      sizeBytes: pack.sizeBytes,
      kind: pack.kind,
      epoch: pack.epoch,
      noncePrefix: pack.noncePrefix,
    };
    this.#packs.add(info);
    this.#index.insertDirectory(info.ordinal, pack.directory);
    if (pack.kind !== 'index') this.#newPacks.push(info);
    return info;
  }

  async #entry(name: string, node: TestNode): Promise<TreeEntry> {
    const nameBytes = utf8(name);
    if (node instanceof Uint8Array)
      return entryDefaults(nameBytes, { type: 'file', size: node.length, content: await this.storeFile(node) });
    if (!('/entry' in node)) return entryDefaults(nameBytes, { type: 'directory', mode: 0o755, tree: await this.storeFolder(node) });
    const special = node as TestSpecial;
    const content = special['/content'] && (await this.storeFile(special['/content']));
    const size = special['/ranges'] ? (special['/entry'].size ?? 0) : (special['/content']?.length ?? 0);
    return entryDefaults(special['/entry'].name ?? nameBytes, { size, content, dataRanges: special['/ranges'], ...special['/entry'] });
  }
}

function entryDefaults(name: Uint8Array, entry: Partial<TreeEntry>): TreeEntry {
  return {
    type: 'file',
    mode: 0o644,
    uid: 1000,
    gid: 1000,
    user: 'ann',
    group: 'ann',
    mtimeNs: 1_767_607_200_123_456_789n,
    size: 0,
    ...entry,
    name,
  };
}
