import type { PackId } from '#libs/kernel';
import { SwarmError } from '../errors.ts';
import type { Membership } from '../membership/membership.ts';
import { peerOf } from '../membership/membership.ts';
import type { LeafMemory } from '../pack-store/leaf-memory.ts';
import { corruptLeaf, readPackRoot } from '../pack-store/pack-root.ts';
import type { PackRoot } from '../pack-store/pack-root.ts';
import type { PackStores } from '../pack-store/pack-stores.ts';
import type { SwarmEvent, SwarmPeer } from '../swarm-types.ts';
import type { TransferLimits } from './limits.ts';

export interface PackServingOptions {
  readonly membership: Membership;
  readonly stores: PackStores;
  readonly mayGiveOut: () => boolean;
  readonly mayServe: (peer: SwarmPeer, packId: PackId) => boolean | Promise<boolean>;
  readonly limits: TransferLimits;
  readonly onEvent: (event: SwarmEvent) => void;
}

export interface LeafReadOptions {
  readonly signal: AbortSignal;
  /** False where the receiver checks and asks again if a leaf is wrong: reading is all that is left to do here. */
  readonly verify: boolean;
  readonly memory?: LeafMemory;
}

/** What every carrier's server does: who may have what, how many at once, and blocks from the disk, checked. */
export class PackServing {
  readonly #options: PackServingOptions;
  readonly #busy = new Map<string, number>();
  #total = 0;

  constructor(options: PackServingOptions) {
    this.#options = options;
  }

  /** A place among the transfers that are allowed at once, or undefined; the result gives it back. */
  takePlace(peerId: string): (() => void) | undefined {
    const { streamsPerPeer, streamsTotal } = this.#options.limits;
    const mine = this.#busy.get(peerId) ?? 0;
    if (mine >= streamsPerPeer || this.#total >= streamsTotal) return undefined;
    this.#busy.set(peerId, mine + 1);
    this.#total += 1;
    let given = false;
    return () => {
      if (given) return;
      given = true;
      this.#total -= 1;
      const left = (this.#busy.get(peerId) ?? 1) - 1;
      if (left > 0) this.#busy.set(peerId, left);
      else this.#busy.delete(peerId);
    };
  }

  /** The member behind a proved peer id, when it may have this pack now. Throws `peer_refused`. */
  async admit(peerId: string, packId: PackId): Promise<SwarmPeer> {
    const member = this.#options.membership.byPeer(peerId);
    if (!member) throw new SwarmError('peer_refused', 'not a member of this swarm');
    if (!this.#options.mayGiveOut()) throw new SwarmError('peer_refused', 'the roster here is too old to serve anybody');
    const peer = peerOf(member);
    if (!(await this.#options.mayServe(peer, packId))) throw new SwarmError('peer_refused', 'this pack is not for this device');
    return peer;
  }

  /** Root block of a pack of ours, checked. Throws `pack_not_found`, `pack_corrupt`. */
  async root(packId: PackId, signal: AbortSignal): Promise<{ readonly root: PackRoot; readonly block: Uint8Array }> {
    const store = await this.#options.stores.storeOf(packId);
    const block = await store.rootBlock(packId, { signal });
    return { root: readPackRoot(packId, block), block };
  }

  /** Leaves of a pack of ours. With `verify`, throws `pack_corrupt` instead of giving a wrong one, and tells `onEvent`. */
  async *leaves(root: PackRoot, first: number, count: number, options: LeafReadOptions): AsyncGenerator<Uint8Array> {
    const { packId } = root;
    const { signal, memory, verify } = options;
    const store = await this.#options.stores.storeOf(packId);
    let leaf = first;
    for await (const bytes of store.leaves(packId, first, count, { signal, ...(memory ? { memory } : {}) })) {
      if (verify && !root.verifyLeaf(leaf, bytes)) {
        const error = corruptLeaf(packId, leaf, store.name);
        this.#options.onEvent({ kind: 'damaged', packId, store: store.name, message: error.message });
        throw error;
      }
      leaf += 1;
      yield bytes;
    }
  }

  /** For logs and counts. */
  served(peer: SwarmPeer, packId: PackId, leaves: number, sizeBytes: number): void {
    this.#options.onEvent({ kind: 'served', peer, packId, leaves, sizeBytes });
  }
}
