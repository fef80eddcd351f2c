import type { Connection, Libp2p, Stream } from '@libp2p/interface';
import { peerIdFromString } from '@libp2p/peer-id';
import type { Multiaddr } from '@multiformats/multiaddr';
import { multiaddr } from '@multiformats/multiaddr';
import type { RosterMember } from '#libs/contracts';
import type { Clock } from '#libs/kernel';
import { messageOf } from '#libs/kernel';
import { SwarmError } from '../errors.ts';
import { parseLaneAddress } from '../fast-lane/lane-address.ts';
import type { Membership } from '../membership/membership.ts';
import { AvoidedDevices } from './avoided-devices.ts';
import type { FoundNearby } from './found-nearby.ts';
import { isRelayed } from './link.ts';

/** How long the direct way has where the relay is the other one: a handshake across a continent takes half a second. */
const directWithRelayMs = 4_000;
/** Somebody on the same network answers within milliseconds; a liar there, who names addresses that nobody answers at, costs a dial this much. */
const nearbyMs = 2_000;

export interface DialerOptions {
  readonly libp2p: Libp2p;
  readonly membership: Membership;
  readonly connectTimeoutMs: number;
  readonly clock: Clock;
  readonly nearby: Pick<FoundNearby, 'of'>;
}

/**
 * Reaches members at the addresses that the roster names (and those that multicast DNS found), else through the relay of a
 * coordinator in the roster, and nobody anywhere else.
 */
export class Dialer {
  readonly #options: DialerOptions;
  /** Devices that did not answer directly: the relay comes first for a while. */
  readonly #avoided: AvoidedDevices;

  constructor(options: DialerOptions) {
    this.#options = options;
    this.#avoided = new AvoidedDevices(options.clock);
  }

  /** True when there is a live connection, an address to try, or a relay. */
  knowsTheWayTo(device: RosterMember): boolean {
    return this.#live(device) !== undefined || this.addressesOf(device).length > 0 || this.#relaysTo(device).length > 0;
  }

  /** Addresses to try, each ending in the device's peer id; the fast lane's, relayed ones and what can't be parsed are left out. */
  addressesOf(device: RosterMember): Multiaddr[] {
    const suffix = `/p2p/${device.peerId}`;
    const known = device.addresses.flatMap((text) => {
      if (parseLaneAddress(text) || text.includes('/p2p-circuit')) return [];
      try {
        return [multiaddr(text.endsWith(suffix) ? text : text + suffix)];
      } catch {
        return [];
      }
    });
    return [...this.#options.nearby.of(device.peerId), ...known];
  }

  /** Members whose node relays: the coordinators of the roster. */
  relays(): RosterMember[] {
    return [...this.#options.membership.members()].filter((member) => member.class === 'coordinator');
  }

  /** A new stream over the best live connection, or a new one. Throws `source_unavailable`, or the signal's reason. */
  async openStream(device: RosterMember, protocol: string, signal?: AbortSignal): Promise<Stream> {
    return this.reach(device, signal, (connection, limited) =>
      connection.newStream(protocol, { signal: limited, runOnLimitedConnection: true }),
    );
  }

  /** Does something on a connection to the device. Throws like {@link openStream}. */
  async reach<T>(
    device: RosterMember,
    signal: AbortSignal | undefined,
    act: (connection: Connection, signal: AbortSignal) => Promise<T>,
  ): Promise<T> {
    const timeout = AbortSignal.timeout(this.#options.connectTimeoutMs);
    try {
      const limited = signal ? AbortSignal.any([signal, timeout]) : timeout;
      return await act(await this.connect(device, limited), limited);
    } catch (error) {
      signal?.throwIfAborted();
      if (error instanceof SwarmError) throw error;
      throw unavailable(device, timeout.aborted ? `no answer within ${this.#options.connectTimeoutMs} ms` : messageOf(error), error);
    }
  }

  /** The best live connection, or a new one: direct, else relayed. */
  async connect(device: RosterMember, signal: AbortSignal): Promise<Connection> {
    const live = this.#live(device);
    if (live) return live;
    const relays = this.#relaysTo(device);
    const direct = this.addressesOf(device);
    if (relays.length === 0) {
      if (direct.length === 0) throw unavailable(device, 'no address of it is known');
      return this.#dial(device, signal);
    }
    let failure: unknown;
    if (direct.length > 0 && !this.#avoided.has(device, direct.join(' '))) {
      try {
        return await this.connectDirectly(device, signal);
      } catch (error) {
        signal.throwIfAborted();
        failure = error;
      }
    }
    for (const relay of relays) {
      try {
        return await this.#throughRelay(relay, device, signal);
      } catch (error) {
        signal.throwIfAborted();
        failure ??= error;
      }
    }
    throw failure;
  }

  /** A direct connection, whether or not there is a relayed one. Remembers failures for a while. */
  async connectDirectly(device: RosterMember, signal: AbortSignal): Promise<Connection> {
    const addresses = this.addressesOf(device);
    if (addresses.length === 0) throw unavailable(device, 'no address of it is known');
    try {
      const connection = await this.#dial(device, signal, directWithRelayMs);
      this.#avoided.worked(device);
      return connection;
    } catch (error) {
      if (!signal.aborted) this.#avoided.failed(device, addresses.join(' '));
      throw error;
    }
  }

  /**
   * Where it was found nearby first, then where the roster says, which for a machine that moved may be an address that swallows everything: libp2p tries one
   * after the other. `knownMs`: how long the roster's have, for a new connection whatever there is already.
   */
  async #dial(device: RosterMember, signal: AbortSignal, knownMs?: number): Promise<Connection> {
    const { libp2p, nearby } = this.#options;
    const near = nearby.of(device.peerId);
    const known = this.addressesOf(device).slice(near.length);
    if (near.length > 0)
      try {
        return await libp2p.dial([...near], { signal: AbortSignal.any([signal, AbortSignal.timeout(nearbyMs)]), force: true });
      } catch (error) {
        signal.throwIfAborted();
        if (known.length === 0) throw error;
      }
    const limited = knownMs === undefined ? signal : AbortSignal.any([signal, AbortSignal.timeout(knownMs)]);
    return libp2p.dial(known, { signal: limited, force: knownMs !== undefined });
  }

  async #throughRelay(relay: RosterMember, device: RosterMember, signal: AbortSignal): Promise<Connection> {
    const { libp2p } = this.#options;
    const toRelay = this.#live(relay) ?? (await libp2p.dial(this.addressesOf(relay), { signal }));
    const address = toRelay.remoteAddr.toString().replace(/\/p2p\/[^/]+$/, '');
    return libp2p.dial(multiaddr(`${address}/p2p/${relay.peerId}/p2p-circuit/p2p/${device.peerId}`), { signal });
  }

  /** Relays that may lead to a device: those that can be reached themselves. */
  #relaysTo(device: RosterMember): RosterMember[] {
    const ownPeerId = this.#options.libp2p.peerId.toString();
    return this.relays().filter(
      (relay) =>
        relay.peerId !== device.peerId &&
        relay.peerId !== ownPeerId &&
        (this.#live(relay) !== undefined || this.addressesOf(relay).length > 0),
    );
  }

  /** An open connection, a direct one first. */
  #live(device: RosterMember): Connection | undefined {
    const open = this.#options.libp2p.getConnections(peerIdFromString(device.peerId)).filter(({ status }) => status === 'open');
    return open.find(({ remoteAddr }) => !isRelayed(remoteAddr)) ?? open[0];
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
