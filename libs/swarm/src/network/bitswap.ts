import type { Connection, Libp2p, Stream, StreamHandler } from '@libp2p/interface';
import type { Helia } from '@helia/interface';
import type { CID } from 'multiformats/cid';
import { whileGivenOut } from '../blockstore/given-out-blockstore.ts';
import type { PackBlockstore } from '../blockstore/pack-blockstore.ts';
import { SwarmError } from '../errors.ts';
import { hashers, multihashCodes } from '../hashes.ts';
import type { HeliaWithLibp2p } from '@helia/libp2p';
import { from as hasher } from 'multiformats/hashes/hasher';

/** A Helia node on top of our own libp2p node and pack stores. */
export type PrivateHelia = HeliaWithLibp2p & Helia;

/** What bitswap offers besides its place in Helia's blockstore: sessions with chosen members. */
export interface BitswapBroker {
  createSession(options: { readonly providers: CID[]; readonly minProviders: number; readonly maxProviders: number }): {
    retrieve(cid: CID, options: { readonly signal?: AbortSignal }): Promise<Uint8Array>;
  };
}

export const bitswapProtocol = '/ipfs/bitswap/1.2.0';

/** BLAKE3-256 for Helia, which knows only SHA-2 by itself. */
export const blake3Hasher = hasher({
  name: 'blake3',
  code: multihashCodes.blake3,
  encode: (input) => Uint8Array.from(hashers.blake3(input)),
});

/**
 * Helia composed from its light parts: bitswap on our node, blocks from our packs, no router of any kind. It is loaded
 * at the first use: importing it costs 70 MiB, and most agents never meet another IPFS implementation.
 */
export class LazyHelia {
  readonly #libp2p: Libp2p;
  readonly #blockstore: PackBlockstore;
  readonly #mayGiveOut: () => boolean;
  #helia: Promise<PrivateHelia> | undefined;
  #onStream: StreamHandler | undefined;
  #broker: BitswapBroker | undefined;

  /** `mayGiveOut`: see `SwarmOptions`; false while blocks are to be found by nobody, whoever asked for them before. */
  constructor(libp2p: Libp2p, blockstore: PackBlockstore, mayGiveOut: () => boolean) {
    this.#libp2p = libp2p;
    this.#blockstore = blockstore;
    this.#mayGiveOut = mayGiveOut;
  }

  /** Answers bitswap from now on; Helia itself comes with the first stream. */
  async listen(): Promise<void> {
    await this.#libp2p.handle(bitswapProtocol, (stream, connection) => this.#first(stream, connection));
  }

  get loaded(): boolean {
    return this.#helia !== undefined;
  }

  helia(): Promise<PrivateHelia> {
    this.#helia ??= this.#compose();
    return this.#helia;
  }

  /** The asking half of bitswap. */
  async bitswap(): Promise<BitswapBroker> {
    await this.helia();
    return this.#broker!;
  }

  async stop(): Promise<void> {
    await (await this.#helia)?.stop();
  }

  async #first(stream: Stream, connection: Connection): Promise<void> {
    try {
      if (!this.#mayGiveOut()) throw new SwarmError('peer_refused', 'the roster here is too old to serve anybody');
      await this.helia();
      await this.#onStream?.(stream, connection);
    } catch (error) {
      stream.abort(error instanceof Error ? error : new Error(String(error)));
    }
  }

  async #compose(): Promise<PrivateHelia> {
    const [{ createHeliaLight }, { withBitswap }] = await Promise.all([import('helia'), import('@helia/bitswap')]);
    const helia = createHeliaLight({
      blockstore: whileGivenOut(this.#blockstore, this.#mayGiveOut),
      hashers: [blake3Hasher],
      holdGcLock: false,
    });
    // What withLibp2pLight does, with a node that runs already and without its content routing: nobody is asked for providers.
    Object.defineProperty(helia, 'libp2p', { configurable: true, enumerable: true, value: this.#capturing() });
    // Helia's own type takes every kind of broker; what withBitswap adds is this one.
    const inner = helia as unknown as { addBlockBroker(broker: BitswapBroker): void };
    const addBlockBroker = inner.addBlockBroker.bind(helia);
    inner.addBlockBroker = (broker) => {
      this.#broker = broker;
      addBlockBroker(broker);
    };
    return await withBitswap(helia as PrivateHelia).start();
  }

  /** The node as bitswap sees it: its handler is given to us instead, because streams come to {@link LazyHelia.listen}. */
  #capturing(): Libp2p {
    return new Proxy(this.#libp2p, {
      get: (node, property) => {
        if (property === 'handle') {
          return async (_protocols: string | string[], handler: StreamHandler): Promise<void> => {
            this.#onStream = handler;
            if (!node.getProtocols().includes(bitswapProtocol))
              await node.handle(bitswapProtocol, (stream, connection) => this.#first(stream, connection));
          };
        }
        const value: unknown = Reflect.get(node, property, node);
        return typeof value === 'function' ? value.bind(node) : value;
      },
    });
  }
}
