/**
 * The fast lane: packs between members that reach each other directly, over mutually authenticated TLS 1.3.
 *
 * Participants: a member that has packs and serves them as an IPFS trustless gateway (HTTP/1.1), and a member that wants
 * them. Goals: the speed of plain TLS; any HTTP client with a member's key can read; resume by ranges; limits on whoever
 * has not proved membership. Non-goals: NAT (that is libp2p's), discovery, names, writing, anything but packs.
 * See docs/spec/fast-lane.md.
 */
import type { Multiaddr } from '@multiformats/multiaddr';
import { SwarmError } from '../errors.ts';
import type { Membership } from '../membership/membership.ts';
import type { SwarmConnection, SwarmEvent } from '../swarm-types.ts';
import { peerOf } from '../membership/membership.ts';
import type { GatewayServer } from './gateway-server.ts';
import type { LaneAddress } from './lane-address.ts';
import { formatLaneAddress, ipOf, parseLaneAddress } from './lane-address.ts';
import type { LaneIdentity } from './lane-identity.ts';
import { LaneListener } from './lane-listener.ts';
import type { LiveSockets } from './live-sockets.ts';

export interface FastLaneOptions {
  readonly identity: LaneIdentity;
  readonly peerId: string;
  readonly membership: Membership;
  readonly live: LiveSockets;
  readonly gateway: GatewayServer;
  readonly emit: (event: SwarmEvent) => void;
  /** Addresses to tell others, where they are not those it listens at. */
  readonly announce: readonly string[] | undefined;
}

/** Where the fast lane listens for a node that listens like this: at the addresses that say so, else beside libp2p's. */
export function laneAddressesFor(listen: readonly string[]): LaneAddress[] {
  const named = listen.flatMap((text) => parseLaneAddress(text) ?? []);
  if (named.length > 0) return named;
  const hosts = new Set(listen.flatMap((text) => ipOf(text) ?? []));
  return [...hosts].map((host) => ({ host, port: 0 }));
}

/** The listening half of the fast lane, and the roster's hand on both halves. */
export class FastLane {
  readonly #options: FastLaneOptions;
  readonly #listener: LaneListener;

  constructor(options: FastLaneOptions) {
    this.#options = options;
    const { identity, live, membership, emit, gateway } = options;
    this.#listener = new LaneListener({
      identity,
      live,
      isMember: (peerId) => membership.byPeer(peerId) !== undefined,
      onDenied: (peerId, address) => emit({ kind: 'denied', direction: 'inbound', peerId, address }),
      handle: (request, response, peerId) => gateway.handle(request, response, peerId),
    });
  }

  /** Throws `listen_failed`, with nothing left open. */
  async listen(addresses: readonly LaneAddress[]): Promise<void> {
    try {
      for (const address of addresses) await this.#listener.listen(address);
    } catch (error) {
      await this.close();
      throw error instanceof SwarmError ? error : new SwarmError('listen_failed', String(error), { cause: error });
    }
  }

  /** Addresses for the roster, on the interfaces that libp2p found for itself. */
  addresses(libp2pAddresses: readonly Multiaddr[]): string[] {
    const { announce, peerId } = this.#options;
    const listening = this.#listener.addresses;
    if (listening.length === 0) return [];
    if (announce) return announce.flatMap((text) => parseLaneAddress(text) ?? []).map((address) => formatLaneAddress(address, peerId));
    const interfaces = new Set(libp2pAddresses.flatMap((address) => ipOf(address.toString()) ?? []));
    return listening.flatMap(({ host, port }) => {
      const hosts = isAny(host) ? [...interfaces].filter((ip) => ip.includes(':') === host.includes(':')) : [host];
      return hosts.map((ip) => formatLaneAddress({ host: ip, port }, peerId));
    });
  }

  connections(): SwarmConnection[] {
    return this.#options.live.list().flatMap(({ peerId, address, direction }) => {
      const member = this.#options.membership.byPeer(peerId);
      return member ? [{ peer: peerOf(member), address, direction, kind: 'tls' as const }] : [];
    });
  }

  /** Ends at once what belongs to those who are no longer members. */
  followRoster(): void {
    this.#options.live.closeUnless((peerId) => this.#options.membership.byPeer(peerId) !== undefined);
  }

  async close(): Promise<void> {
    this.#options.live.closeAll();
    await this.#listener.close();
  }
}

const isAny = (host: string): boolean => host === '0.0.0.0' || host === '::';
