import { generateKeyPairFromSeed } from '@libp2p/crypto/keys';
import { peerIdFromPrivateKey } from '@libp2p/peer-id';
import { systemClock } from '#libs/kernel';
import { PackBlockstore } from './blockstore/pack-blockstore.ts';
import { FastLane, laneAddressesFor } from './fast-lane/fast-lane.ts';
import { FastLaneCarrier } from './fast-lane/fast-lane-carrier.ts';
import { GatewayServer } from './fast-lane/gateway-server.ts';
import { parseLaneAddress } from './fast-lane/lane-address.ts';
import { laneIdentity } from './fast-lane/lane-identity.ts';
import { LiveSockets } from './fast-lane/live-sockets.ts';
import { connectionGate } from './membership/connection-gate.ts';
import { Membership } from './membership/membership.ts';
import { BitswapCarrier } from './network/bitswap-carrier.ts';
import { LazyHelia } from './network/bitswap.ts';
import { Dialer } from './network/dialer.ts';
import { FoundNearby } from './network/found-nearby.ts';
import { startNode } from './network/libp2p-node.ts';
import { RelayClient } from './network/relay-client.ts';
import { PackStores } from './pack-store/pack-stores.ts';
import { ConnectionPool } from './pack-transfer/connection-pool.ts';
import { Libp2pCarrier } from './pack-transfer/libp2p-carrier.ts';
import { defaultTransferLimits } from './pack-transfer/limits.ts';
import { LinkRates, ratesOfLinks } from './pack-transfer/link-rates.ts';
import { packProtocol } from './pack-transfer/messages.ts';
import { PackServer } from './pack-transfer/server.ts';
import { PackServing } from './pack-transfer/serving.ts';
import { PrivateSwarm } from './private-swarm.ts';
import type { Swarm, SwarmOptions } from './swarm-types.ts';
import { VaultDocumentClient } from './vault-documents/client.ts';
import { vaultProtocol } from './vault-documents/messages.ts';
import { VaultDocumentServer } from './vault-documents/server.ts';

/**
 * Starts the device's node: listens, admits members of the roster, serves packs. It dials nobody by itself.
 * Throws `listen_failed`.
 */
export async function startSwarm(options: SwarmOptions): Promise<Swarm> {
  const clock = options.clock ?? systemClock;
  const limits = { ...defaultTransferLimits, ...options.limits };
  const emit = options.onEvent ?? (() => undefined);
  const membership = new Membership();
  if (options.roster) membership.replace(options.roster);
  const nearby = new FoundNearby(membership);
  const privateKey = await generateKeyPairFromSeed('Ed25519', options.seed);
  const ownPeerId = peerIdFromPrivateKey(privateKey).toString();
  const libp2p = await startNode({
    privateKey,
    listen: options.listen.filter((address) => !parseLaneAddress(address)),
    announce: (options.announce ?? []).filter((address) => !parseLaneAddress(address)),
    onNearby: options.mdns === true ? (info) => nearby.note(info) : undefined,
    relay: options.relay ?? false,
    gate: connectionGate({
      membership,
      // Only what the node says about itself; others' addresses come from the roster.
      trustAddress: (peerId) => peerId === ownPeerId,
      onDenied: (direction, peerId, address) => emit({ kind: 'denied', direction, peerId, address }),
    }),
  });
  const stores = new PackStores(options.stores);
  const upload = new LinkRates(clock, ratesOfLinks(options.rates, 'uploadBytesPerSecond'));
  const download = new LinkRates(clock, ratesOfLinks(options.rates, 'downloadBytesPerSecond'));
  const mayGiveOut = options.mayGiveOut ?? (() => true);
  const serving = new PackServing({ membership, stores, mayGiveOut, mayServe: options.mayServe ?? (() => true), limits, onEvent: emit });
  const server = new PackServer({ serving, limits, clock, upload });
  const dialer = new Dialer({ libp2p, membership, connectTimeoutMs: limits.connectTimeoutMs, clock, nearby });
  const relay = new RelayClient({ libp2p, dialer, membership, clock, ownPeerId });
  const blockstore = new PackBlockstore(stores);
  const helia = new LazyHelia(libp2p, blockstore, mayGiveOut);
  const identity = laneIdentity(options.seed);
  const live = new LiveSockets();
  const fastLane = new FastLane({
    identity,
    peerId: ownPeerId,
    membership,
    live,
    gateway: new GatewayServer({ serving, blockstore, limits, clock, upload }),
    emit,
    announce: options.announce,
  });
  const usesFastLane = options.fastLane ?? true;
  const pool = new ConnectionPool(membership, [
    ...(usesFastLane ? [new FastLaneCarrier({ identity, membership, live, limits, clock, download })] : []),
    new Libp2pCarrier(dialer, { limits, clock, download }),
    new BitswapCarrier(libp2p, dialer, helia, limits),
  ]);
  const documents = new VaultDocumentClient(dialer, limits, clock);
  const swarm = new PrivateSwarm({
    libp2p,
    documents,
    membership,
    dialer,
    relay,
    helia,
    blockstore,
    nearby,
    clock,
    upload,
    download,
    emit,
    fastLane,
    pool,
  });
  try {
    if (usesFastLane && options.stores.length > 0) await fastLane.listen(laneAddressesFor(options.listen));
  } catch (error) {
    await swarm.stop();
    throw error;
  }
  await libp2p.handle(packProtocol, (stream, connection) => void server.serve(stream, connection), {
    maxInboundStreams: 2 * limits.streamsPerPeer,
    runOnLimitedConnection: true,
  });
  if (options.documents) {
    const documentServer = new VaultDocumentServer({ membership, mayGiveOut, store: options.documents, limits, clock });
    await libp2p.handle(vaultProtocol, (stream, connection) => void documentServer.serve(stream, connection), {
      maxInboundStreams: 8,
      runOnLimitedConnection: true,
    });
  }
  if (options.bitswap ?? true) await helia.listen();
  if (!options.relay && options.listen.length > 0) relay.start();
  return swarm;
}
