import type { Blockstore, InputPair, Pair } from 'interface-blockstore';
import { CID } from 'multiformats/cid';
import * as raw from 'multiformats/codecs/raw';
import type { MultihashDigest } from 'multiformats/hashes/interface';
import { NotFoundError } from 'interface-store';
import type { PackId } from '#libs/kernel';
import { equalBytes, isPackId } from '#libs/kernel';
import { leafCidOf } from '../car.ts';
import { SwarmError } from '../errors.ts';
import { digestOf } from '../hashes.ts';
import type { FilePackStore } from '../pack-store/file-pack-store.ts';
import type { PackRoot } from '../pack-store/pack-root.ts';
import { readPackRoot } from '../pack-store/pack-root.ts';
import type { PackStores } from '../pack-store/pack-stores.ts';
import { LeafIndex } from './leaf-index.ts';

/** dag-pb in the table of multicodecs; the codec itself is not needed. */
const dagPbCode = 0x70;

interface Options {
  readonly signal?: AbortSignal;
}

/**
 * Our packs as Helia's Blockstore (interface-blockstore 7): a root CID is a pack's root block, a raw CID a leaf of some
 * pack. Read only: packs come and go through their stores; a put of a block that is not there is refused with
 * `block_refused`, deletions too. Every block is checked against its CID before it is given out.
 *
 * Roots are looked up in the stores. For leaves an index is built from all root blocks at the first question for one
 * (a few seconds per 10,000 packs), and follows the stores from then on; most agents are never asked.
 */
export class PackBlockstore implements Blockstore {
  readonly #stores: PackStores;
  #index: Promise<LeafIndex> | undefined;
  /** Pack of each number in the index; number 0 is none. */
  readonly #packs: (PackId | undefined)[] = [undefined];
  readonly #numbers = new Map<PackId, number>();
  readonly #unsubscribe: (() => void)[];
  #pending: Promise<void> = Promise.resolve();

  constructor(stores: PackStores) {
    this.#stores = stores;
    this.#unsubscribe = stores.all.map((store) =>
      store.subscribe((change) => {
        const index = this.#index;
        if (!index) return;
        if (change.kind === 'deleted') this.#forget(change.packId);
        else this.#pending = this.#pending.then(async () => this.#learn(await index, store, change.packId));
      }),
    );
  }

  /** Stops following the stores. */
  close(): void {
    for (const stop of this.#unsubscribe) stop();
  }

  async has(cid: CID, options: Options = {}): Promise<boolean> {
    options.signal?.throwIfAborted();
    return (await this.#find(cid)) !== undefined;
  }

  /** The pack of ours that a leaf is part of. The index is built at the first call. */
  async packOf(cid: CID): Promise<{ readonly packId: PackId; readonly leaf: number } | undefined> {
    const found = await this.#find(cid);
    return found?.leaf === undefined ? undefined : { packId: found.packId, leaf: found.leaf };
  }

  async *get(cid: CID, options: Options = {}): AsyncGenerator<Uint8Array> {
    const block = await this.#read(cid, options);
    if (!block) throw new NotFoundError(`block ${cid.toString()} is not in a pack here`);
    yield block;
  }

  async *getMany(source: AsyncIterable<CID> | Iterable<CID>, options: Options = {}): AsyncGenerator<Pair> {
    for await (const cid of source) yield { cid, bytes: this.get(cid, options) };
  }

  async *getAll(options: Options = {}): AsyncGenerator<Pair> {
    for (const store of this.#stores.all) {
      for (const { packId } of store.list()) {
        const rootCid = CID.parse(packId);
        const root = readPackRoot(packId, await store.rootBlock(packId, options));
        yield { cid: rootCid, bytes: this.get(rootCid, options) };
        for (let leaf = 0; leaf < root.leafCount; leaf += 1) {
          const cid = leafCidOf(root, leaf);
          yield { cid, bytes: one(firstLeaf(store, packId, leaf, options)) };
        }
      }
    }
  }

  /** A block that is in one of our packs needs no storing; any other is refused: blocks arrive as whole packs. */
  async put(cid: CID): Promise<CID> {
    if (await this.has(cid)) return cid;
    throw new SwarmError('block_refused', `block ${cid.toString()} belongs to no pack here`, {
      nextStep: 'Fetch whole packs with fetchPack, or import them as CAR.',
    });
  }

  async *putMany(source: AsyncIterable<InputPair> | Iterable<InputPair>): AsyncGenerator<CID> {
    for await (const { cid } of source) yield await this.put(cid);
  }

  async delete(cid: CID): Promise<void> {
    if (await this.has(cid)) throw new SwarmError('block_refused', `block ${cid.toString()} is part of a pack and can't be deleted alone`);
  }

  async *deleteMany(source: AsyncIterable<CID> | Iterable<CID>): AsyncGenerator<CID> {
    for await (const cid of source) {
      await this.delete(cid);
      yield cid;
    }
  }

  async #read(cid: CID, options: Options): Promise<Uint8Array | undefined> {
    const found = await this.#find(cid);
    if (!found) return undefined;
    const { store, packId, leaf } = found;
    const block = leaf === undefined ? await store.rootBlock(packId, options) : await firstLeaf(store, packId, leaf, options);
    if (equalBytes(digestOf(cid.multihash.code, block) ?? new Uint8Array(), cid.multihash.digest)) return block;
    throw new SwarmError(
      'pack_corrupt',
      `${leaf === undefined ? 'the root block' : `leaf ${leaf}`} of pack ${packId} (${store.name}) does not match its hash`,
      {
        context: { packId, block: leaf === undefined ? 'root' : 'leaf', leaf, where: store.name },
      },
    );
  }

  async #find(cid: CID): Promise<{ store: FilePackStore; packId: PackId; leaf: number | undefined } | undefined> {
    if (cid.version !== 1 || cid.multihash.digest.length !== 32) return undefined;
    if (cid.code === dagPbCode) {
      const packId = cid.toString();
      const store = isPackId(packId) ? await this.#holding(packId) : undefined;
      return store && { store, packId: packId as PackId, leaf: undefined };
    }
    if (cid.code !== raw.code) return undefined;
    this.#index ??= this.#build();
    const index = await this.#index;
    await this.#pending;
    for (const { pack, leaf } of index.get(cid.multihash.digest)) {
      const packId = this.#packs[pack];
      const store = packId && (await this.#holding(packId));
      if (store && (await this.#isThatLeaf(store, packId, leaf, cid.multihash))) return { store, packId, leaf };
    }
    return undefined;
  }

  /** The index keeps 8 bytes of each digest; the root block has all 32. */
  async #isThatLeaf(store: FilePackStore, packId: PackId, leaf: number, multihash: MultihashDigest): Promise<boolean> {
    const root = readPackRoot(packId, await store.rootBlock(packId));
    return root.hashCode === multihash.code && leaf < root.leafCount && equalBytes(root.digest(leaf), multihash.digest);
  }

  async #holding(packId: PackId): Promise<FilePackStore | undefined> {
    for (const store of this.#stores.all) if (await store.has(packId)) return store;
    return undefined;
  }

  async #build(): Promise<LeafIndex> {
    const index = new LeafIndex();
    for (const store of this.#stores.all) for (const { packId } of store.list()) await this.#learn(index, store, packId);
    return index;
  }

  async #learn(index: LeafIndex, store: FilePackStore, packId: PackId): Promise<void> {
    if (this.#numbers.has(packId)) return;
    let root: PackRoot;
    try {
      root = readPackRoot(packId, await store.rootBlock(packId));
    } catch {
      // Gone meanwhile, or damaged: the scrub reports it; its leaves can't be offered.
      return;
    }
    if (this.#numbers.has(packId)) return;
    const number = this.#packs.push(packId) - 1;
    this.#numbers.set(packId, number);
    for (let leaf = 0; leaf < root.leafCount; leaf += 1) index.put(root.digest(leaf), number, leaf);
  }

  #forget(packId: PackId): void {
    const number = this.#numbers.get(packId);
    if (number === undefined) return;
    this.#numbers.delete(packId);
    this.#packs[number] = undefined;
  }
}

async function firstLeaf(store: FilePackStore, packId: PackId, leaf: number, options: Options): Promise<Uint8Array> {
  for await (const bytes of store.leaves(packId, leaf, 1, options)) return bytes;
  throw new SwarmError('pack_not_found', `leaf ${leaf} of pack ${packId} is not there`, { context: { packId } });
}

async function* one(bytes: Promise<Uint8Array>): AsyncGenerator<Uint8Array> {
  yield await bytes;
}
