import type { PeerInfo } from '@libp2p/interface';
import type { Multiaddr } from '@multiformats/multiaddr';
import type { Membership } from '../membership/membership.ts';

/** Of one device; a machine has a few interfaces, and each may be tried before what the roster says. */
const maxAddresses = 8;

/**
 * Where multicast DNS found members on the local network. Anybody there can say anything: an address is only somewhere to knock, and who opens has to prove
 * the member's key.
 */
export class FoundNearby {
  readonly #membership: Membership;
  readonly #addresses = new Map<string, readonly Multiaddr[]>();

  constructor(membership: Membership) {
    this.#membership = membership;
  }

  /** What was heard last counts; strangers are passed over. */
  note({ id, multiaddrs }: PeerInfo): void {
    const peerId = id.toString();
    if (!this.#membership.byPeer(peerId)) return;
    const suffix = `/p2p/${peerId}`;
    const ending = multiaddrs.map((address) => (address.toString().endsWith(suffix) ? address : address.encapsulate(suffix)));
    this.#addresses.set(peerId, ending.slice(0, maxAddresses));
  }

  /** Members found so far. */
  get count(): number {
    return this.#addresses.size;
  }

  /** Each ends in the peer id. */
  of(peerId: string): readonly Multiaddr[] {
    return this.#addresses.get(peerId) ?? [];
  }
}
