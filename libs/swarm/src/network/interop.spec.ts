import { open } from 'node:fs/promises';
import { afterEach, describe, expect, it, jest } from '@jest/globals';
import * as dagPb from '@ipld/dag-pb';
import { ping } from '@libp2p/ping';
import { create as createDigest } from 'multiformats/hashes/digest';
import { pathOf } from '../pack-store/paths.ts';
import type { PrivateSwarm } from '../private-swarm.ts';
import { unixfs } from '@helia/unixfs';
import { multiaddr } from '@multiformats/multiaddr';
import { peerIdFromString } from '@libp2p/peer-id';
import { createHeliaLight } from 'helia';
import { withBitswap } from '@helia/bitswap';
import { withLibp2pLight } from '@helia/libp2p';
import { noise } from '@chainsafe/libp2p-noise';
import { identify } from '@libp2p/identify';
import { tcp } from '@libp2p/tcp';
import { yamux } from '@libp2p/yamux';
import { generateKeyPairFromSeed } from '@libp2p/crypto/keys';
import { fixedSize } from 'ipfs-unixfs-importer/chunker';
import { balanced } from 'ipfs-unixfs-importer/layout';
import { MemoryBlockstore } from 'blockstore-core';
import { CID } from 'multiformats/cid';
import * as raw from 'multiformats/codecs/raw';
import { packDag } from '#libs/vault';
import { hashers } from '../hashes.ts';
import { aDevice, aMember, aPack, someBytes } from '../testing/builders.ts';
import type { TestNode } from '../testing/team.ts';
import { TestTeam } from '../testing/team.ts';
import type { PrivateHelia } from './bitswap.ts';
import { blake3Hasher } from './bitswap.ts';

const MiB = 1024 * 1024;

async function gather(stream: AsyncIterable<Uint8Array> | Iterable<Uint8Array>): Promise<Buffer> {
  const parts: Uint8Array[] = [];
  for await (const part of stream) parts.push(part);
  return Buffer.concat(parts);
}

// Loading the network's libraries inside jest takes seconds on a busy machine.
jest.setTimeout(60_000);

describe('with other IPFS implementations', () => {
  let team: TestTeam | undefined;
  const cleanUp: (() => unknown)[] = [];
  afterEach(async () => {
    for (const work of cleanUp.splice(0)) await work();
    await team?.stop();
    team = undefined;
  });
  /** A Helia with its own libp2p, as somebody else would run it; its key may be in the roster. */
  async function foreignHelia(n: number, blockstore = new MemoryBlockstore()): Promise<PrivateHelia> {
    const helia = withLibp2pLight(createHeliaLight({ hashers: [blake3Hasher], blockstore }), {
      privateKey: await generateKeyPairFromSeed('Ed25519', aDevice(n).seed),
      addresses: { listen: ['/ip4/127.0.0.1/tcp/0'] },
      transports: [tcp()],
      connectionEncrypters: [noise()],
      streamMuxers: [yamux()],
      connectionGater: { denyDialMultiaddr: () => false },
      services: { identify: identify(), ping: ping() },
    });
    const other = (await withBitswap(helia as PrivateHelia).start()) as PrivateHelia;
    cleanUp.push(() => other.stop());
    return other;
  }
  const nodes = (): [TestNode, TestNode] => team!.nodes as [TestNode, TestNode];

  // This importer hashes with SHA-256 only; so it is compared to SHA-256 packs as is, and to BLAKE3 packs block by block.
  it.each([1, MiB - 1, MiB, MiB + 1, 3 * MiB, 128 * MiB])(
    'a pack of %d bytes is the DAG that @helia/unixfs makes',
    async (sizeBytes) => {
      const bytes = someBytes(sizeBytes, 3);
      const blockstore = new MemoryBlockstore();
      const fs = unixfs(createHeliaLight({ blockstore, hashers: [blake3Hasher] }));
      const options = {
        rawLeaves: true,
        cidVersion: 1 as const,
        reduceSingleLeafToSelf: false,
        layout: balanced({ maxChildrenPerNode: 174 }),
        chunker: fixedSize({ chunkSize: MiB }),
      };
      const theirs = await fs.addBytes(bytes, options);
      expect(theirs.toString()).toBe(packDag(hashers, bytes, 'sha256').packId);
      async function* stream(): AsyncGenerator<Uint8Array> {
        for (let at = 0; at < bytes.length; at += 300_000) yield bytes.subarray(at, at + 300_000);
      }
      expect((await fs.addByteStream(stream(), options)).equals(theirs)).toBe(true);

      const node = dagPb.decode(await gather(blockstore.get(theirs)));
      const Links: dagPb.PBLink[] = [];
      for (const link of node.Links)
        Links.push({ ...link, Hash: CID.createV1(raw.code, await blake3Hasher.digest(await gather(blockstore.get(link.Hash)))) });
      const rootBlock = dagPb.encode({ ...node, Links });
      const ours = packDag(hashers, bytes);
      expect(Buffer.from(ours.rootBlock).equals(rootBlock)).toBe(true);
      expect(CID.createV1(dagPb.code, await blake3Hasher.digest(rootBlock)).toString()).toBe(ours.packId);
    },
    60_000,
  );

  it('unixfs.cat through our blockstore gives the pack, and any range of it, without the network', async () => {
    team = await TestTeam.of(1);
    const [node] = nodes();
    const pack = aPack(5 * MiB + 11);
    await node.own.put(aPack(100, 9));
    await node.held.packs.put(pack);
    const fs = unixfs(await node.swarm.helia());
    const cid = CID.parse(pack.packId);
    expect((await gather(fs.cat(cid, { offline: true }))).equals(pack.bytes)).toBe(true);
    expect(
      (await gather(fs.cat(cid, { offline: true, offset: 2 * MiB - 5, length: 10 }))).equals(pack.bytes.subarray(2 * MiB - 5, 2 * MiB + 5)),
    ).toBe(true);
    expect((await fs.stat(cid, { offline: true })).type).toBe('file');
    await node.held.packs.delete(pack.packId);
    await expect(gather(fs.cat(cid, { offline: true }))).rejects.toThrow();
    await node.own.put(pack);
    expect((await gather(fs.cat(cid, { offline: true }))).equals(pack.bytes)).toBe(true);
  });

  it('refuses to become a dump for blocks that are no pack', async () => {
    team = await TestTeam.of(1);
    const [node] = nodes();
    const pack = aPack(10);
    await node.own.put(pack);
    const helia = await node.swarm.helia();
    const junk = someBytes(100, 8);
    await expect(unixfs(helia).addBytes(junk)).rejects.toMatchObject({ code: 'block_refused' });
    const cid = CID.createV1(raw.code, await blake3Hasher.digest(junk));
    expect(await helia.blockstore.has(cid)).toBe(false);
    expect(await helia.blockstore.put(CID.parse(pack.packId), pack.rootBlock)).toEqual(CID.parse(pack.packId));
    await expect(helia.blockstore.delete(CID.parse(pack.packId))).rejects.toMatchObject({ code: 'block_refused' });
    await helia.gc().catch(() => undefined);
    expect(await node.own.verify(pack.packId)).toEqual({ whole: true, damaged: [] });
  });

  it('serves a pack over bitswap to a Helia of somebody else whose key is in the roster', async () => {
    team = await TestTeam.of(1);
    const [node] = nodes();
    const pack = aPack(6 * MiB + 1);
    await node.own.put(pack);
    const device = aDevice(40);
    const other = await foreignHelia(40);
    const cat = (timeoutMs: number): Promise<Buffer> =>
      gather(unixfs(other).cat(CID.parse(pack.packId), { signal: AbortSignal.timeout(timeoutMs) }));
    const { libp2p } = other;
    // From the dialler's side the handshake may look fine before the door closes.
    await libp2p.dial(multiaddr(node.swarm.addresses()[0])).catch(() => undefined);
    await expect(cat(2_000)).rejects.toThrow();
    expect(node.swarm.connections()).toEqual([]);
    await team.enrol([node.member(), aMember(device)]);
    await libp2p.dial(multiaddr(node.swarm.addresses()[0]));
    expect((await cat(60_000)).equals(pack.bytes)).toBe(true);
  }, 90_000);

  it('gives nothing out by any way while its roster is too old, not even for a want that came before', async () => {
    let fresh = true;
    team = await TestTeam.of(1, { mayGiveOut: () => fresh });
    const [node] = nodes();
    const [pack, later] = [aPack(2 * MiB), aPack(MiB + 5, 2)];
    await node.own.put(pack);
    const other = await foreignHelia(40);
    await team.enrol([node.member(), aMember(aDevice(40))]);
    await other.libp2p.dial(multiaddr(node.swarm.addresses()[0]));
    const cat = (packId: string, timeoutMs: number, by = other): Promise<Buffer> =>
      gather(unixfs(by).cat(CID.parse(packId), { signal: AbortSignal.timeout(timeoutMs) }));
    expect((await cat(pack.packId, 60_000)).equals(pack.bytes)).toBe(true);
    // Asked for while it may, there only when it may no more.
    const wanted = cat(later.packId, 3_000).then(
      () => 'given out',
      () => 'not given out',
    );
    await new Promise((resolve) => setTimeout(resolve, 300));
    fresh = false;
    await node.own.put(later);
    expect(await wanted).toBe('not given out');
    const comer = async (n: number): Promise<PrivateHelia> => {
      const helia = await foreignHelia(n);
      await helia.libp2p.dial(multiaddr(node.swarm.addresses()[0]));
      return helia;
    };
    await team.enrol([node.member(), ...[40, 41, 42].map((n) => aMember(aDevice(n)))]);
    await expect(cat(pack.packId, 2_000, await comer(41))).rejects.toThrow();
    fresh = true;
    expect((await cat(pack.packId, 60_000, await comer(42))).equals(pack.bytes)).toBe(true);
  }, 90_000);

  it('fetches a pack from a member that speaks bitswap and nothing of ours, and drops it when it lies', async () => {
    team = await TestTeam.of(2, { limits: { frameTimeoutMs: 5_000 } });
    const [node, spare] = nodes();
    const pack = aPack(3 * MiB + 1);
    const blockstore = new MemoryBlockstore();
    const other = await foreignHelia(40, blockstore);
    const { leafDigests, rootBlock } = packDag(hashers, pack.bytes);
    await blockstore.put(CID.parse(pack.packId), rootBlock);
    const leaf = (n: number): CID => CID.createV1(raw.code, createDigest(0x1e, leafDigests[n]!.slice()));
    for (const n of [0, 1, 3]) await blockstore.put(leaf(n), pack.bytes.subarray(n * MiB, (n + 1) * MiB));
    const device = aDevice(40);
    await team.enrol([node.member(), spare.member(), aMember(device, { addresses: other.libp2p.getMultiaddrs().map(String) })]);
    await node.swarm.ping(device.deviceId);
    await spare.own.put(pack);

    const result = await node.swarm.fetchPack(pack.packId, pack.sizeBytes, {
      from: [device.deviceId, spare.device.deviceId],
      into: node.own,
    });
    expect(result.sources).toMatchObject([
      { deviceId: device.deviceId, leaves: 2, droppedFor: expect.stringMatching(/^(pack_not_found|transfer_stalled)$/) },
      { deviceId: spare.device.deviceId, leaves: 2 },
    ]);
    // Another member, because bitswap does not send the same block to the same peer again within five seconds.
    await spare.own.delete(pack.packId);
    await blockstore.put(leaf(2), pack.bytes.subarray(2 * MiB, 3 * MiB));
    await spare.swarm.ping(device.deviceId);
    expect((await spare.swarm.fetchPack(pack.packId, pack.sizeBytes, { from: [device.deviceId], into: spare.own })).fetchedBytes).toBe(
      pack.sizeBytes,
    );
    expect(await spare.own.verify(pack.packId)).toEqual({ whole: true, damaged: [] });
  }, 60_000);

  it('two members exchange a pack by bitswap, and a bit flipped on the disk is never passed on', async () => {
    team = await TestTeam.of(2, { limits: { frameTimeoutMs: 1_500 } });
    const [a, b] = nodes();
    const pack = aPack(2 * MiB);
    await a.own.put(pack);
    const ask = async (cid: CID, timeoutMs = 40_000): Promise<Uint8Array> => {
      await b.swarm.ping(a.device.deviceId);
      const broker = await (b.swarm as PrivateSwarm).bitswap();
      return broker
        .createSession({ providers: [peerIdFromString(a.device.peerId).toCID()], minProviders: 1, maxProviders: 1 })
        .retrieve(cid, { signal: AbortSignal.timeout(timeoutMs) });
    };
    const leaf = (n: number): CID => CID.createV1(raw.code, createDigest(0x1e, packDag(hashers, pack.bytes).leafDigests[n]!.slice()));
    expect(Buffer.from(await ask(CID.parse(pack.packId))).equals(pack.rootBlock)).toBe(true);
    expect(Buffer.from(await ask(leaf(0))).equals(pack.bytes.subarray(0, MiB))).toBe(true);
    const file = await open(pathOf(a.own.folder, pack.packId, 'pack'), 'r+');
    await file.write(Uint8Array.of(pack.bytes[MiB + 9]! ^ 8), 0, 1, MiB + 9);
    await file.close();
    await expect(ask(leaf(1), 5_000)).rejects.toThrow();
    expect(await a.own.verify(pack.packId)).toEqual({ whole: false, damaged: [1] });
  });
});
