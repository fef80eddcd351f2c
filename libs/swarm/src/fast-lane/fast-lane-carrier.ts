import type { RosterMember } from '#libs/contracts';
import type { Clock } from '#libs/kernel';
import { messageOf } from '#libs/kernel';
import { SwarmError } from '../errors.ts';
import type { Membership } from '../membership/membership.ts';
import { AvoidedDevices } from '../network/avoided-devices.ts';
import { linkOfIp } from '../network/link.ts';
import { LeafMemory } from '../pack-store/leaf-memory.ts';
import type { CarryOptions, PackCarrier } from '../pack-transfer/carrier.ts';
import type { TransferLimits } from '../pack-transfer/limits.ts';
import type { LinkRates } from '../pack-transfer/link-rates.ts';
import type { LaneAddress } from './lane-address.ts';
import { formatLaneAddress, parseLaneAddress } from './lane-address.ts';
import { LaneConnection } from './lane-connection.ts';
import type { LaneIdentity } from './lane-identity.ts';
import { reachFirst } from './lane-dial.ts';
import { fastLaneLimits } from './limits.ts';
import type { LiveSockets } from './live-sockets.ts';

export interface FastLaneCarrierOptions {
  readonly identity: LaneIdentity;
  readonly membership: Membership;
  readonly live: LiveSockets;
  readonly limits: TransferLimits;
  readonly clock: Clock;
  readonly download: LinkRates;
}

/**
 * {@link PackCarrier} over mutually authenticated TLS 1.3, at several times the speed of a libp2p stream, for devices that
 * reach each other directly. It dials addresses of the newest roster only, and takes none but the member's own key for an
 * answer.
 */
export class FastLaneCarrier implements PackCarrier {
  readonly name = 'fast-lane';
  readonly #options: FastLaneCarrierOptions;
  readonly #avoided: AvoidedDevices;
  readonly #memory = new LeafMemory();

  constructor(options: FastLaneCarrierOptions) {
    this.#options = options;
    this.#avoided = new AvoidedDevices(options.clock);
  }

  reaches(device: RosterMember): boolean {
    return addressesOf(device).length > 0 && !this.#avoided.has(device);
  }

  async connect(device: RosterMember, options: CarryOptions = {}): Promise<LaneConnection> {
    const { membership, live, identity, limits, clock } = this.#options;
    const isMember = (): boolean => membership.byPeer(device.peerId) !== undefined;
    if (!isMember())
      throw new SwarmError('not_a_member', `${device.name} is not in the roster`, { context: { deviceId: device.deviceId } });
    const timeout = AbortSignal.timeout(fastLaneLimits.connectTimeoutMs);
    const signal = options.signal ? AbortSignal.any([options.signal, timeout]) : timeout;
    let connection: LaneConnection | undefined;
    try {
      const { socket, reader, address } = await reachFirst(addressesOf(device), device.peerId, identity, this.#memory, signal);
      live.add(socket, { peerId: device.peerId, direction: 'outbound', address: formatLaneAddress(address, device.peerId) });
      const download = this.#options.download.of(linkOfIp(socket.remoteAddress));
      connection = new LaneConnection(socket, reader, { from: device.name, memory: this.#memory, limits, clock, download });
      // Revoked while the handshake was under way.
      if (!isMember()) throw new Error('it is no longer in the roster');
      await connection.probe({ signal });
      this.#avoided.worked(device);
      return connection;
    } catch (error) {
      await connection?.close();
      options.signal?.throwIfAborted();
      // It answers and is full: that is no reason to keep away.
      if (!(error instanceof SwarmError && error.code === 'peer_busy')) this.#avoided.failed(device);
      const why = timeout.aborted ? `no answer within ${fastLaneLimits.connectTimeoutMs} ms` : messageOf(error);
      throw new SwarmError('source_unavailable', `${device.name} can't be reached over the fast lane: ${why}`, {
        status: 'temporary',
        context: { deviceId: device.deviceId },
        nextStep: 'Try again when the device is online.',
        cause: error,
      });
    }
  }
}

function addressesOf(device: RosterMember): LaneAddress[] {
  return device.addresses.flatMap((text) => parseLaneAddress(text) ?? []).slice(0, fastLaneLimits.addresses);
}
