import type { ConnectionGater, MultiaddrConnection, PeerId } from '@libp2p/interface';
import type { Multiaddr } from '@multiformats/multiaddr';
import type { Membership } from './membership.ts';

export interface GateOptions {
  readonly membership: Membership;
  /** Whether an address that libp2p learned by itself may be remembered for this peer. */
  readonly trustAddress: (peerId: string, address: Multiaddr) => boolean;
  readonly onDenied: (direction: 'inbound' | 'outbound', peerId: string, address: string) => void;
}

/**
 * The swarm's door: libp2p asks it before it dials and again after the handshake, when the other side has proved its
 * key; both ways, members of the newest roster only. A member can't make us dial strangers either: addresses that it
 * tells about itself are not believed unless `trustAddress` says so.
 */
export function connectionGate({ membership, trustAddress, onDenied }: GateOptions): ConnectionGater {
  const isMember = (peerId: PeerId): boolean => membership.byPeer(peerId.toString()) !== undefined;
  /** Only the coordinator's node relays: a member that offers itself is not used. */
  const isRelay = (peerId: PeerId): boolean => membership.byPeer(peerId.toString())?.class === 'coordinator';
  const afterHandshake =
    (direction: 'inbound' | 'outbound') =>
    (peerId: PeerId, connection: MultiaddrConnection): boolean => {
      if (isMember(peerId)) return false;
      onDenied(direction, peerId.toString(), connection.remoteAddr.toString());
      return true;
    };
  return {
    denyDialPeer: (peerId) => {
      if (isMember(peerId)) return false;
      onDenied('outbound', peerId.toString(), '');
      return true;
    },
    denyDialMultiaddr: (address) => {
      const peerId = peerIdIn(address);
      if (peerId !== undefined && membership.byPeer(peerId) !== undefined) return false;
      onDenied('outbound', peerId ?? '', address.toString());
      return true;
    },
    denyInboundEncryptedConnection: afterHandshake('inbound'),
    denyOutboundEncryptedConnection: afterHandshake('outbound'),
    denyInboundUpgradedConnection: afterHandshake('inbound'),
    denyOutboundUpgradedConnection: afterHandshake('outbound'),
    denyInboundRelayReservation: (source) => !isMember(source),
    denyOutboundRelayedConnection: (source, destination) => !isMember(source) || !isMember(destination),
    denyInboundRelayedConnection: (relay, remote) => !isRelay(relay) || !isMember(remote),
    filterMultiaddrForPeer: (peerId, address) => trustAddress(peerId.toString(), address),
  };
}

/** The peer that an address ends at, or undefined when it does not say. */
function peerIdIn(address: Multiaddr): string | undefined {
  return address
    .getComponents()
    .filter((component) => component.name === 'p2p')
    .at(-1)?.value;
}
