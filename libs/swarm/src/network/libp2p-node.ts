import { noise } from '@chainsafe/libp2p-noise';
import { circuitRelayServer, circuitRelayTransport } from '@libp2p/circuit-relay-v2';
import { identify } from '@libp2p/identify';
import type { Identify } from '@libp2p/identify';
import type { ConnectionGater, Libp2p, PeerDiscovery, PeerInfo, PrivateKey, Startable } from '@libp2p/interface';
import { ping } from '@libp2p/ping';
import type { Ping } from '@libp2p/ping';
import type { Multiaddr } from '@multiformats/multiaddr';
import { multiaddr } from '@multiformats/multiaddr';
import type { MulticastDNSComponents } from '@libp2p/mdns';
import { tcp } from '@libp2p/tcp';
import { yamux } from '@libp2p/yamux';
import { createLibp2p } from 'libp2p';
import { messageOf } from '#libs/kernel';
import { SwarmError } from '../errors.ts';

/** Lets the node listen at one more address while it runs, which libp2p offers to its parts only. */
export interface Listening {
  at(address: string): Promise<void>;
}

export type PrivateLibp2p = Libp2p<{ identify: Identify; ping: Ping; listening: Listening }>;

export interface NodeOptions {
  readonly privateKey: PrivateKey;
  readonly listen: readonly string[];
  readonly announce: readonly string[];
  readonly gate: ConnectionGater;
  /** Told whom multicast DNS finds on the local network, strangers too; undefined: nobody is looked for. */
  readonly onNearby?: ((info: PeerInfo) => void) | undefined;
  /** Relays others' connections. */
  readonly relay: boolean;
}

/** Numbers of the network layer, with their reasons. */
const tuning = {
  /** A team of 500 fully connected fits twice; each idle connection costs some 40 KiB. */
  maxConnections: 1_000,
  /** The default of 5 a second per address would cut an office behind one NAT after a power cut. */
  inboundConnectionsPerSecond: 200,
  maxIncomingPending: 64,
  /** Half a second at 8 MB/s: enough to fill a gigabit link within a city, and bounds what a stream may hold. */
  streamWindowBytes: 4 * 1024 * 1024,
  /** Above the window: a full window on a paused stream must never count as overflow. */
  readBufferBytes: 8 * 1024 * 1024,
  /** The default aborts a connection after 10 s without a pong; a busy laptop in the middle of a transfer is slower than that. */
  pingIntervalMs: 30_000,
  pingTimeoutMs: 30_000,
  /** How soon a peer whose machine went to sleep is noticed. */
  keepAliveMs: 30_000,
  relay: {
    /** Each is a connection that is open anyway; libp2p's default of 15 is for strangers. */
    maxReservations: 1_000,
    reservationMs: 60 * 60_000,
    /** Of one relayed connection. libp2p's defaults (2 min, 128 KiB) would cut every pack; an end of some kind lets a direct way be tried again. */
    connectionMs: 2 * 60 * 60_000,
    connectionBytes: 16n * 1024n * 1024n * 1024n,
    /** Relayed connections that one member may open at once, and have opened to it. */
    streamsPerPeer: 32,
  },
};

/**
 * A libp2p node with nothing in it that talks to strangers: TCP, noise, yamux, identify and ping. No bootstrap list, no
 * DHT, no relay discovery, no address lookups, no dialling on its own. Throws `listen_failed`.
 */
export async function startNode(options: NodeOptions): Promise<PrivateLibp2p> {
  try {
    return await createLibp2p({
      privateKey: options.privateKey,
      // Not the default string with versions of everything: members need to know the protocol, not our patch level.
      nodeInfo: { name: 'holdfast', version: '1', userAgent: 'holdfast/1' },
      addresses: { listen: [...options.listen], announce: [...options.announce] },
      transports: [tcp(), ...(options.relay ? [] : [circuitRelayTransport()])],
      connectionEncrypters: [noise()],
      streamMuxers: [
        yamux({
          keepAliveInterval: tuning.keepAliveMs,
          streamOptions: { maxStreamWindowSize: tuning.streamWindowBytes, maxReadBufferLength: tuning.readBufferBytes },
        }),
      ],
      connectionGater: options.gate,
      connectionMonitor: { pingInterval: tuning.pingIntervalMs, pingTimeout: { minTimeout: tuning.pingTimeoutMs } },
      connectionManager: {
        maxConnections: tuning.maxConnections,
        inboundConnectionThreshold: tuning.inboundConnectionsPerSecond,
        maxIncomingPendingConnections: tuning.maxIncomingPending,
        // A device that goes away is the roster's and the coordinator's business; no dialling in the background.
        reconnectRetries: 0,
        // `/dnsaddr` would let an address in the roster expand to addresses that are not in it.
        resolvers: {},
      },
      peerDiscovery: options.onNearby ? [await lookingNearby(options.onNearby)] : [],
      services: {
        identify: identify(),
        ping: ping(),
        listening: listeningService,
        ...(options.relay ? { relay: relayService() } : {}),
      },
    });
  } catch (error) {
    throw new SwarmError('listen_failed', `the swarm could not start at ${options.listen.join(', ')}: ${messageOf(error)}`, {
      nextStep: 'Choose another listening address or port in the configuration.',
      cause: error,
    });
  }
}

/**
 * Multicast DNS (RFC 6762) as libp2p speaks it. Heard here and not by libp2p's own event: that comes by way of its peer store, which keeps no address that
 * {@link NodeOptions.gate} does not believe.
 */
async function lookingNearby(tell: (info: PeerInfo) => void): Promise<(components: MulticastDNSComponents) => PeerDiscovery> {
  const { mdns } = await import('@libp2p/mdns');
  const make = mdns({ serviceTag: 'holdfast.local' });
  return (components) => {
    const service = make(components);
    service.addEventListener('peer', ({ detail }) => tell(detail));
    return service;
  };
}

interface NodeParts {
  readonly transportManager: { listen(addresses: Multiaddr[]): Promise<void> };
  readonly addressManager: unknown;
}

function listeningService({ transportManager, addressManager }: NodeParts): Listening & Startable {
  return {
    at: (address) => transportManager.listen([multiaddr(address)]),
    start: () => undefined,
    stop: () => undefined,
    afterStop: () => {
      // libp2p sets out to note its own addresses a second after its transports closed; a process that wants to end would wait for that.
      const { _updatePeerStoreAddresses: noteLater } = addressManager as { readonly _updatePeerStoreAddresses?: { stop?(): void } };
      noteLater?.stop?.();
    },
  };
}

/** Circuit relay with limits of our own; whom it serves is the gate's business. */
function relayService(): ReturnType<typeof circuitRelayServer> {
  const { maxReservations, reservationMs, connectionMs, connectionBytes, streamsPerPeer } = tuning.relay;
  return circuitRelayServer({
    reservations: {
      maxReservations,
      reservationTtl: reservationMs,
      applyDefaultLimit: true,
      defaultDurationLimit: connectionMs,
      defaultDataLimit: connectionBytes,
    },
    maxInboundHopStreams: streamsPerPeer,
    maxOutboundStopStreams: streamsPerPeer,
  });
}
