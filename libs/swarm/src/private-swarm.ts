import type { Connection, PeerId as Libp2pPeerId } from '@libp2p/interface';
import type { Roster, RosterMember } from '#libs/contracts';
import type { Clock, DeviceId, PackId, PeerId, VaultId } from '#libs/kernel';
import type { BlockSource } from '#libs/vault';
import type { PackBlockstore } from './blockstore/pack-blockstore.ts';
import { SwarmError } from './errors.ts';
import type { Membership } from './membership/membership.ts';
import { peerOf } from './membership/membership.ts';
import type { BitswapBroker, LazyHelia, PrivateHelia } from './network/bitswap.ts';
import type { Dialer } from './network/dialer.ts';
import type { FoundNearby } from './network/found-nearby.ts';
import type { PrivateLibp2p } from './network/libp2p-node.ts';
import type { RelayClient } from './network/relay-client.ts';
import { isRelayed } from './network/link.ts';
import { roundTripMs } from './network/round-trip.ts';
import type { FastLane } from './fast-lane/fast-lane.ts';
import type { ConnectionPool } from './pack-transfer/connection-pool.ts';
import { DeviceSource } from './pack-transfer/device-source.ts';
import { fetchPack } from './pack-transfer/fetch-pack.ts';
import type { LinkRates } from './pack-transfer/link-rates.ts';
import { ratesOfLinks } from './pack-transfer/link-rates.ts';
import type { FetchPackOptions, FetchResult, Swarm, SwarmConnection, SwarmEvent, TransferRates } from './swarm-types.ts';
import type { VaultDocumentClient } from './vault-documents/client.ts';
import type { VaultDocuments } from './vault-documents/store.ts';

export interface SwarmParts {
  readonly libp2p: PrivateLibp2p;
  readonly membership: Membership;
  readonly dialer: Dialer;
  readonly relay: RelayClient;
  readonly fastLane: FastLane;
  readonly pool: ConnectionPool;
  readonly documents: VaultDocumentClient;
  readonly helia: LazyHelia;
  readonly blockstore: PackBlockstore;
  readonly nearby: FoundNearby;
  readonly clock: Clock;
  readonly upload: LinkRates;
  readonly download: LinkRates;
  readonly emit: (event: SwarmEvent) => void;
}

/** {@link Swarm} put together from its parts. */
export class PrivateSwarm implements Swarm {
  readonly #parts: SwarmParts;
  readonly #sources = new Map<DeviceId, DeviceSource>();
  #stopped = false;

  constructor(parts: SwarmParts) {
    this.#parts = parts;
    const { libp2p, membership, emit } = parts;
    const tell = (kind: 'connected' | 'disconnected') => (event: CustomEvent<Libp2pPeerId>) => {
      const member = membership.byPeer(event.detail.toString());
      if (member) emit({ kind, peer: peerOf(member) });
    };
    libp2p.addEventListener('peer:connect', tell('connected'));
    libp2p.addEventListener('peer:disconnect', tell('disconnected'));
    // A connection that was being upgraded while the roster changed.
    libp2p.addEventListener('connection:open', (event) => this.#closeUnlessMember(event.detail));
  }

  get peerId(): PeerId {
    return this.#parts.libp2p.peerId.toString() as PeerId;
  }

  get rosterVersion(): number {
    return this.#parts.membership.version;
  }

  get foundNearby(): number {
    return this.#parts.nearby.count;
  }

  addresses(): string[] {
    const { libp2p, fastLane } = this.#parts;
    // The way through the relay follows from the coordinator's own addresses.
    const addresses = libp2p.getMultiaddrs().filter((address) => !isRelayed(address));
    return [...addresses.map(String), ...fastLane.addresses(addresses)];
  }

  async setRoster(roster: Roster): Promise<void> {
    this.#running();
    this.#parts.membership.replace(roster);
    for (const connection of this.#parts.libp2p.getConnections()) this.#closeUnlessMember(connection);
    this.#parts.fastLane.followRoster();
    this.#parts.relay.followRoster();
    await this.#parts.pool.followRoster();
    for (const deviceId of this.#sources.keys()) if (!this.#parts.membership.byDevice(deviceId)) this.#sources.delete(deviceId);
  }

  setRates(rates: TransferRates): void {
    this.#parts.upload.set(ratesOfLinks(rates, 'uploadBytesPerSecond'));
    this.#parts.download.set(ratesOfLinks(rates, 'downloadBytesPerSecond'));
  }

  async fetchPack(packId: PackId, sizeBytes: number, options: FetchPackOptions): Promise<FetchResult> {
    this.#running();
    const { membership, pool, clock, emit } = this.#parts;
    return fetchPack({ membership, pool, clock, onEvent: emit }, packId, sizeBytes, options);
  }

  blockSource(deviceId: DeviceId): BlockSource {
    const known = this.#sources.get(deviceId);
    if (known) return known;
    const source = new DeviceSource(deviceId, this.#parts.membership, this.#parts.pool);
    this.#sources.set(deviceId, source);
    return source;
  }

  blockSources(deviceIds: readonly DeviceId[]): BlockSource[] {
    return deviceIds.map((deviceId) => this.blockSource(deviceId));
  }

  async pushVaultDocuments(
    deviceId: DeviceId,
    documents: VaultDocuments,
    options: { readonly signal?: AbortSignal } = {},
  ): Promise<number> {
    return this.#parts.documents.push(this.#member(deviceId), documents, options.signal);
  }

  async fetchVaultDocuments(
    deviceId: DeviceId,
    vaultId: VaultId,
    options: { readonly signal?: AbortSignal } = {},
  ): Promise<VaultDocuments | undefined> {
    return this.#parts.documents.fetch(this.#member(deviceId), vaultId, options.signal);
  }

  helia(): Promise<PrivateHelia> {
    this.#running();
    return this.#parts.helia.helia();
  }

  /** Bitswap sessions with chosen members, for tests and tools. */
  bitswap(): Promise<BitswapBroker> {
    return this.#parts.helia.bitswap();
  }

  connections(): SwarmConnection[] {
    const overLibp2p = this.#parts.libp2p.getConnections().flatMap((connection) => {
      const member = this.#parts.membership.byPeer(connection.remotePeer.toString());
      if (!member || connection.status !== 'open') return [];
      const address = connection.remoteAddr.toString();
      return {
        peer: peerOf(member),
        address,
        direction: connection.direction,
        kind: isRelayed(connection.remoteAddr) ? 'relayed' : 'direct',
      } as const;
    });
    return [...this.#parts.fastLane.connections(), ...overLibp2p];
  }

  async ping(deviceId: DeviceId, options: { readonly signal?: AbortSignal } = {}): Promise<number> {
    const member = this.#member(deviceId);
    return this.#parts.dialer.reach(member, options.signal, roundTripMs);
  }

  async stop(): Promise<void> {
    if (this.#stopped) return;
    this.#stopped = true;
    this.#parts.relay.stop();
    await this.#parts.pool.close();
    await this.#parts.fastLane.close();
    this.#parts.blockstore.close();
    try {
      await this.#parts.helia.stop();
    } finally {
      await this.#parts.libp2p.stop();
    }
  }

  #closeUnlessMember(connection: Connection): void {
    if (this.#parts.membership.byPeer(connection.remotePeer.toString())) return;
    connection.abort(new SwarmError('not_a_member', `${connection.remotePeer.toString()} is not in the roster`));
  }

  #member(deviceId: DeviceId): RosterMember {
    this.#running();
    const member = this.#parts.membership.byDevice(deviceId);
    if (!member) throw new SwarmError('not_a_member', `device ${deviceId} is not in the roster`, { context: { deviceId } });
    return member;
  }

  #running(): void {
    if (this.#stopped) throw new SwarmError('swarm_stopped', 'the swarm was stopped');
  }
}
