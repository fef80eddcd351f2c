import type { Libp2p, PeerId, Stream } from '@libp2p/interface';
import { peerIdFromString } from '@libp2p/peer-id';
import type { Multiaddr } from '@multiformats/multiaddr';
import { multiaddr } from '@multiformats/multiaddr';
import type { RosterMember } from '#libs/contracts';
import { messageOf } from '#libs/kernel';
import { SwarmError } from '../errors.ts';
import { parseLaneAddress } from '../fast-lane/lane-address.ts';

/** Reaches members at the addresses that the roster names (and those that multicast DNS found), and nobody anywhere else. */
export class Dialer {
  readonly #libp2p: Libp2p;
  readonly #connectTimeoutMs: number;
  /** Addresses found on the local network, by peer id. */
  readonly #found: ReadonlyMap<string, readonly Multiaddr[]>;

  constructor(libp2p: Libp2p, connectTimeoutMs: number, found: ReadonlyMap<string, readonly Multiaddr[]>) {
    this.#libp2p = libp2p;
    this.#connectTimeoutMs = connectTimeoutMs;
    this.#found = found;
  }

  /** True when there is a live connection, or an address to try. */
  knowsTheWayTo(device: RosterMember): boolean {
    return this.#libp2p.getConnections(peerIdFromString(device.peerId)).length > 0 || this.addressesOf(device).length > 0;
  }

  /** Addresses to try, each ending in the device's peer id; the fast lane's and what can't be parsed are left out. */
  addressesOf(device: RosterMember): Multiaddr[] {
    const suffix = `/p2p/${device.peerId}`;
    const known = device.addresses.flatMap((text) => {
      if (parseLaneAddress(text)) return [];
      try {
        return [multiaddr(text.endsWith(suffix) ? text : text + suffix)];
      } catch {
        return [];
      }
    });
    return [...known, ...(this.#found.get(device.peerId) ?? [])];
  }

  /** A new stream over the live connection, or a new one. Throws `source_unavailable`, or the signal's reason. */
  async openStream(device: RosterMember, protocol: string, signal?: AbortSignal): Promise<Stream> {
    return this.reach(device, signal, (target, limited) =>
      this.#libp2p.dialProtocol(target, protocol, { signal: limited, runOnLimitedConnection: true }),
    );
  }

  /** Does something that dials: over the live connection, or to the addresses. Throws like {@link openStream}. */
  async reach<T>(
    device: RosterMember,
    signal: AbortSignal | undefined,
    dial: (target: PeerId | Multiaddr[], signal: AbortSignal) => Promise<T>,
  ): Promise<T> {
    const peerId = peerIdFromString(device.peerId);
    const connected = this.#libp2p.getConnections(peerId).some((connection) => connection.status === 'open');
    const addresses = this.addressesOf(device);
    if (!connected && addresses.length === 0) throw unavailable(device, 'no address of it is known');
    const timeout = AbortSignal.timeout(this.#connectTimeoutMs);
    try {
      return await dial(connected ? peerId : addresses, signal ? AbortSignal.any([signal, timeout]) : timeout);
    } catch (error) {
      signal?.throwIfAborted();
      throw unavailable(device, timeout.aborted ? `no answer within ${this.#connectTimeoutMs} ms` : messageOf(error), error);
    }
  }
}

function unavailable(device: RosterMember, why: string, cause?: unknown): SwarmError {
  return new SwarmError('source_unavailable', `${device.name} can't be reached: ${why}`, {
    status: 'temporary',
    context: { deviceId: device.deviceId },
    nextStep: 'Try again when the device is online.',
    cause,
  });
}
