import type { Libp2p } from '@libp2p/interface';
import { peerIdFromString } from '@libp2p/peer-id';
import { CID } from 'multiformats/cid';
import * as raw from 'multiformats/codecs/raw';
import { create as createDigest } from 'multiformats/hashes/digest';
import type { RosterMember } from '#libs/contracts';
import type { PackId } from '#libs/kernel';
import { messageOf } from '#libs/kernel';
import { SwarmError } from '../errors.ts';
import type { PackRoot } from '../pack-store/pack-root.ts';
import { readPackRoot } from '../pack-store/pack-root.ts';
import type { CarryOptions, PackCarrier, PackConnection } from '../pack-transfer/carrier.ts';
import type { TransferLimits } from '../pack-transfer/limits.ts';
import { packProtocol } from '../pack-transfer/messages.ts';
import type { LazyHelia } from './bitswap.ts';
import { bitswapProtocol } from './bitswap.ts';
import type { Dialer } from './dialer.ts';

/**
 * Fetches blocks of packs from a member that is no Holdfast agent but another IPFS implementation, Kubo for one. Three
 * times slower than our own protocol, so it is used only where the member does not speak that.
 */
export class BitswapCarrier implements PackCarrier {
  readonly name = 'bitswap';
  readonly #libp2p: Libp2p;
  readonly #dialer: Dialer;
  readonly #helia: LazyHelia;
  readonly #limits: TransferLimits;

  constructor(libp2p: Libp2p, dialer: Dialer, helia: LazyHelia, limits: TransferLimits) {
    this.#libp2p = libp2p;
    this.#dialer = dialer;
    this.#helia = helia;
    this.#limits = limits;
  }

  /** Only when the member was met and said which protocols it speaks. */
  async reaches(device: RosterMember): Promise<boolean> {
    try {
      const { protocols } = await this.#libp2p.peerStore.get(peerIdFromString(device.peerId));
      return protocols.includes(bitswapProtocol) && !protocols.includes(packProtocol);
    } catch {
      return false;
    }
  }

  async connect(device: RosterMember, options: CarryOptions = {}): Promise<PackConnection> {
    await this.#dialer.reach(device, options.signal, () => Promise.resolve());
    const broker = await this.#helia.bitswap();
    const provider = peerIdFromString(device.peerId).toCID();
    const block = async (cid: CID, signal?: AbortSignal): Promise<Uint8Array> => {
      const timeout = AbortSignal.timeout(this.#limits.frameTimeoutMs);
      const session = broker.createSession({ providers: [provider], minProviders: 1, maxProviders: 1 });
      try {
        return await session.retrieve(cid, { signal: signal ? AbortSignal.any([signal, timeout]) : timeout });
      } catch (error) {
        signal?.throwIfAborted();
        if (timeout.aborted)
          throw new SwarmError('transfer_stalled', `${device.name} sent no block`, { status: 'temporary', cause: error });
        throw new SwarmError('pack_not_found', `${device.name} does not have block ${cid.toString()}: ${messageOf(error)}`, {
          cause: error,
        });
      }
    };
    return new BitswapConnection(block);
  }
}

class BitswapConnection implements PackConnection {
  /** Every block is asked for on its own. */
  readonly usable = true;
  readonly #block: (cid: CID, signal?: AbortSignal) => Promise<Uint8Array>;
  #root: PackRoot | undefined;

  constructor(block: (cid: CID, signal?: AbortSignal) => Promise<Uint8Array>) {
    this.#block = block;
  }

  async rootBlock(packId: PackId, options: CarryOptions = {}): Promise<Uint8Array> {
    const block = await this.#block(CID.parse(packId), options.signal);
    this.#root = readPackRoot(packId, block);
    return block;
  }

  async *leaves(packId: PackId, first: number, count: number, options: CarryOptions = {}): AsyncGenerator<Uint8Array> {
    if (this.#root?.packId !== packId) await this.rootBlock(packId, options);
    const root = this.#root!;
    if (first + count > root.leafCount) throw new SwarmError('pack_not_found', `pack ${packId} has ${root.leafCount} leaves`);
    for (let leaf = first; leaf < first + count; leaf += 1) {
      yield await this.#block(CID.createV1(raw.code, createDigest(root.hashCode, root.digest(leaf))), options.signal);
    }
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}
