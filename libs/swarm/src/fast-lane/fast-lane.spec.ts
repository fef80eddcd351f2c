import { once } from 'node:events';
import { open } from 'node:fs/promises';
import { connect as connectTcp } from 'node:net';
import { join } from 'node:path';
import { afterEach, describe, expect, it, jest } from '@jest/globals';
import { CID } from 'multiformats/cid';
import { create as createDigest } from 'multiformats/hashes/digest';
import { selfSignedCertificate } from '#libs/crypto/node';
import { importCar } from '../car.ts';
import { pathOf } from '../pack-store/paths.ts';
import { FilePackStore } from '../pack-store/file-pack-store.ts';
import { aDevice, aMember, aPack } from '../testing/builders.ts';
import { ask, dialLane, hearOut, laneOf } from '../testing/lane-client.ts';
import type { TestNode } from '../testing/team.ts';
import { TestTeam } from '../testing/team.ts';
import { until } from '../testing/until.ts';
import { hashers } from '../hashes.ts';
import { laneIdentity } from './lane-identity.ts';
import { LaneListener } from './lane-listener.ts';
import { LiveSockets } from './live-sockets.ts';

const MiB = 1024 * 1024;
const pack = aPack(3 * MiB + 11);

// Loading the network's libraries inside jest takes seconds on a busy machine.
jest.setTimeout(60_000);

let team: TestTeam;
const cleanUp: (() => unknown)[] = [];
afterEach(async () => {
  for (const step of cleanUp.splice(0).reverse()) await step();
  await team?.stop();
});
/** CID of leaf `n` of the pack. */
function leafCid(n: number): CID {
  return CID.createV1(0x55, createDigest(0x1e, new Uint8Array(hashers.blake3(pack.bytes.subarray(n * MiB, (n + 1) * MiB)))));
}
const nodes = (): [TestNode, TestNode, TestNode] => team.nodes as [TestNode, TestNode, TestNode];
const serving = async (count = 2, options = {}): Promise<[TestNode, TestNode]> => {
  team = await TestTeam.of(count, options);
  const [owner, reader] = nodes();
  await owner.own.put(pack);
  return [owner, reader];
};

describe('the fast lane as an IPFS gateway', () => {
  it('serves blocks, CARs and bytes of packs to a member with an ordinary HTTP client', async () => {
    const [owner, reader] = await serving();
    const get = (path: string, headers = {}, method = 'GET') => ask(laneOf(owner), reader.device, path, { headers, method });

    const root = await get(`/ipfs/${pack.packId}?format=raw`);
    expect(root).toMatchObject({ status: 200, headers: { 'content-type': 'application/vnd.ipld.raw', etag: `"${pack.packId}.raw"` } });
    expect(root.body.equals(pack.rootBlock)).toBe(true);

    const second = pack.bytes.subarray(MiB, 2 * MiB);
    expect((await get(`/ipfs/${leafCid(1).toString()}?format=raw`)).body.equals(second)).toBe(true);

    const car = await get(`/ipfs/${pack.packId}`, { accept: 'application/vnd.ipld.car' });
    expect(car.headers['content-type']).toBe('application/vnd.ipld.car; version=1; order=dfs; dups=y');
    const imported = await FilePackStore.open(join(team.folder, 'imported'));
    await importCar(imported, (async function* () { yield new Uint8Array(car.body); })()); // prettier-ignore
    expect((await imported.verify(pack.packId)).whole).toBe(true);
    const entity = await get(`/ipfs/${pack.packId}?format=car&dag-scope=entity&entity-bytes=${MiB + 5}:${MiB + 6}`);
    expect(entity.body.includes(Buffer.from(second.subarray(0, 1_000)))).toBe(true);
    expect(entity.body.length).toBeLessThan(MiB + 2_000);

    expect((await get(`/ipfs/${pack.packId}`)).body.equals(pack.bytes)).toBe(true);
    for (const [asked, first, last] of [
      ['5-', 5, pack.sizeBytes - 1],
      [`${MiB - 3}-${2 * MiB + 3}`, MiB - 3, 2 * MiB + 3],
      ['-11', 3 * MiB, pack.sizeBytes - 1],
    ] as const) {
      // prettier-ignore
      const part = await get(`/ipfs/${pack.packId}`, { range: `bytes=${asked}` });
      expect(part).toMatchObject({ status: 206, headers: { 'content-range': `bytes ${first}-${last}/${pack.sizeBytes}` } });
      expect(part.body.equals(pack.bytes.subarray(first, last + 1))).toBe(true);
    }
    expect(await get(`/ipfs/${pack.packId}`, { range: 'bytes=99999999-' })).toMatchObject({
      status: 416,
      headers: { 'content-range': `bytes */${pack.sizeBytes}` },
    });
    expect(await get(`/ipfs/${pack.packId}`, {}, 'HEAD')).toMatchObject({
      status: 200,
      headers: { 'content-length': String(pack.sizeBytes) },
      body: Buffer.alloc(0),
    });
    expect(await get('/ipfs/bafkqaaa?format=raw')).toMatchObject({ status: 200, body: Buffer.alloc(0) });
  });

  it('says what is wrong with a request in its own words', async () => {
    const [owner, reader] = await serving();
    const lane = laneOf(owner);
    expect(await ask(lane, reader.device, `/ipfs/${aPack(5).packId}`)).toMatchObject({
      status: 404,
      headers: { 'holdfast-error': 'pack_not_found' },
    });
    expect(await ask(lane, reader.device, '/etc/passwd')).toMatchObject({ status: 404 });
    expect(await ask(lane, reader.device, `/ipfs/${pack.packId}?format=tar`)).toMatchObject({
      status: 400,
      headers: { 'holdfast-error': 'protocol_violation' },
    });
    expect(await ask(lane, reader.device, `/ipfs/${pack.packId}`, { method: 'DELETE' })).toMatchObject({ status: 400 });
    expect(await owner.own.has(pack.packId)).toBe(true);
  });

  it.each(['mayServe', 'mayGiveOut'])('asks %s for each way to a pack', async (port) => {
    const [owner, reader] = await serving(2, { [port]: () => false });
    for (const path of [`${pack.packId}?format=raw`, `${pack.packId}?format=car`, pack.packId, `${leafCid(0).toString()}?format=raw`])
      expect(await ask(laneOf(owner), reader.device, `/ipfs/${path}`)).toMatchObject({
        status: 403,
        headers: { 'holdfast-error': 'peer_refused' },
      });
  });
});

describe('the fast lane’s door', () => {
  it('shows nothing to whoever has no member’s key', async () => {
    const [owner] = await serving();
    const lane = laneOf(owner);
    const other = await selfSignedCertificate({ commonName: 'x', altNames: [], notBeforeMs: 0, notAfterMs: Date.now() + 1e9 });
    const request = `GET /ipfs/${pack.packId}?format=raw HTTP/1.1\r\nhost: x\r\n\r\n`;
    for (const options of [laneIdentity(aDevice(77).seed), {}, { cert: other.certPem, key: other.keyPem }]) {
      const socket = await dialLane(lane, options);
      socket.write(request);
      expect(await hearOut(socket)).toBe('');
    }
    expect(owner.events.filter((event) => event.kind === 'denied')).toHaveLength(3);
    await expect(dialLane(lane, { ...laneIdentity(aDevice(1).seed), minVersion: 'TLSv1.2', maxVersion: 'TLSv1.2' })).rejects.toThrow();
    const plain = connectTcp(lane.port, lane.host);
    plain.end(request);
    plain.resume();
    await once(plain, 'close');
  });

  it('ends a conversation that brings a body, many requests at once, or nonsense', async () => {
    const [owner, reader] = await serving();
    const get = `GET /ipfs/${pack.packId} HTTP/1.1\r\nhost: x\r\n\r\n`;
    for (const text of [
      `GET / HTTP/1.1\r\nhost: x\r\ncontent-length: 5\r\n\r\nhello`,
      `GET / HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n`,
      get.repeat(3),
      'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n',
      `GET /${'x'.repeat(20_000)} HTTP/1.1\r\n\r\n`,
      'CONNECT example.org:443 HTTP/1.1\r\nhost: x\r\n\r\n',
      'GET / HTTP/1.1\r\nhost: x\r\nupgrade: websocket\r\nconnection: upgrade\r\n\r\n',
    ]) {
      const socket = await dialLane(laneOf(owner), laneIdentity(reader.device.seed));
      socket.write(text);
      expect((await hearOut(socket)).length).toBeLessThan(pack.sizeBytes + 2_000);
    }
    expect((await ask(laneOf(owner), reader.device, `/ipfs/${pack.packId}?format=raw`)).status).toBe(200);
  });

  it('turns newcomers away while too many have not proved who they are, and lets them go in time', async () => {
    const live = new LiveSockets();
    const listener = new LaneListener({
      identity: laneIdentity(aDevice(0).seed),
      live,
      isMember: (peerId) => peerId === aDevice(1).peerId,
      onDenied: () => undefined,
      handle: async (_request, response) => void response.end('ok'),
      limits: {
        unprovedConnections: 4,
        unprovedPerAddress: 3,
        // Long enough that nobody's time is over before the others were turned away, however busy the machine is.
        handshakeTimeoutMs: 2_000,
        // And long enough that the first two are there still when the third of a member comes.
        requestTimeoutMs: 4_000,
        nextRequestTimeoutMs: 4_000,
        connectionsPerPeer: 2,
      },
    });
    cleanUp.push(() => listener.close());
    await listener.listen({ host: '127.0.0.1', port: 0 });
    const [lane] = listener.addresses as [{ host: string; port: number }];
    const silent = Array.from({ length: 6 }, () => connectTcp(lane.port, lane.host));
    const closed = silent.map(async (socket) => {
      socket.on('error', () => undefined).resume();
      const startedMs = Date.now();
      await once(socket, 'close');
      return Date.now() - startedMs;
    });
    // Three at once from one address; the rest is turned away before any handshake, and the three when their time is over.
    const times = (await Promise.all(closed)).sort((a, b) => a - b);
    expect(times[3]! - times[2]!).toBeGreaterThan(200);
    expect(times[3]!).toBeGreaterThanOrEqual(1_800);

    // A member that says nothing, or only half a request, is let go too; and has only so many connections at once.
    const idle = await Promise.all(['', 'GET / HT'].map(async (text) => {
      const socket = await dialLane(lane, laneIdentity(aDevice(1).seed));
      if (text) socket.write(text);
      return socket;
    })); // prettier-ignore
    expect(await hearOut(await dialLane(lane, laneIdentity(aDevice(1).seed)))).toBe('');
    expect(live.size).toBe(2);
    await Promise.all(idle.map(hearOut));
    await until(() => live.size === 0);
  });

  it('closes the live connections of a revoked device on both sides at once', async () => {
    const [owner, leaver] = await serving(3);
    const path = `/ipfs/${pack.packId}?format=raw`;
    await leaver.swarm.fetchPack(pack.packId, pack.sizeBytes, { from: [owner.device.deviceId], into: leaver.own });
    expect(leaver.swarm.connections()).toMatchObject([{ kind: 'tls', direction: 'outbound' }]);
    expect(owner.swarm.connections()).toMatchObject([{ kind: 'tls', direction: 'inbound' }]);
    const socket = await dialLane(laneOf(owner), laneIdentity(leaver.device.seed));
    const heard = hearOut(socket);
    await team.enrol(nodes().map((node) => node.member(node === leaver ? { state: 'revoked' } : {})));
    expect(owner.swarm.connections()).toEqual([]);
    expect(await heard).toBe('');
    // The leaver hears of it from its own operating system, a moment later.
    await until(() => leaver.swarm.connections().length === 0);
    await expect(ask(laneOf(owner), leaver.device, path)).rejects.toThrow();
    expect((await ask(laneOf(owner), nodes()[2].device, path)).status).toBe(200);
  });
});

describe('the way to a device', () => {
  it('is the fast lane where it answers, libp2p at once where it does not, and remembered', async () => {
    // Whoever waited for the end of this would wait for ever.
    const [owner, reader] = await serving(2, { limits: { connectTimeoutMs: 1e9 } });
    const libp2pOnly = owner.swarm.addresses().filter((address) => !address.includes('/tls/http'));
    const peer = owner.device.peerId;
    await team.enrol([owner.member({ addresses: [...libp2pOnly, `/ip4/127.0.0.1/tcp/1/tls/http/p2p/${peer}`] }), reader.member()]);
    const result = await reader.swarm.fetchPack(pack.packId, pack.sizeBytes, { from: [owner.device.deviceId], into: reader.own });
    expect(result.sources).toEqual([{ deviceId: owner.device.deviceId, leaves: 4 }]);
    expect(reader.swarm.connections().map(({ kind }) => kind)).toEqual(['direct']);
  });

  it('leads to nobody but the device that is meant', async () => {
    const [owner, reader] = await serving(3);
    const third = nodes()[2];
    await third.own.put(pack);
    const impostor = third.swarm.addresses().filter((address) => address.includes('/tls/http')).map((address) => address.replace(third.device.peerId, owner.device.peerId)); // prettier-ignore
    await team.enrol([owner.member({ addresses: impostor }), reader.member(), third.member()]);
    const fetch = reader.swarm.fetchPack(pack.packId, pack.sizeBytes, { from: [owner.device.deviceId], into: reader.own });
    await expect(fetch).rejects.toMatchObject({ code: 'source_unavailable' });
    expect(reader.swarm.connections()).toEqual([]);
  });

  it('is found at the one good address among dead ones', async () => {
    const [owner, reader] = await serving();
    const good = owner.swarm.addresses().filter((address) => address.includes('/tls/http'));
    // TEST-NET-1 swallows packets; port 1 refuses; the third is no address.
    const dead = ['/ip4/192.0.2.1/tcp/9/tls/http', '/ip4/127.0.0.1/tcp/1/tls/http', '/ip4/999/tcp/x/tls/http'];
    await team.enrol([owner.member({ addresses: [...dead, ...good] }), reader.member()]);
    await reader.swarm.fetchPack(pack.packId, pack.sizeBytes, { from: [owner.device.deviceId], into: reader.own });
    expect(reader.swarm.connections()).toMatchObject([{ kind: 'tls' }]);
  });

  it('shares its rate limit with libp2p, both ways', async () => {
    team = await TestTeam.of(2, { rates: { uploadBytesPerSecond: 2 * MiB, downloadBytesPerSecond: null } });
    const [owner, reader] = nodes();
    await owner.own.put(pack);
    const startedMs = Date.now();
    await reader.swarm.fetchPack(pack.packId, pack.sizeBytes, { from: [owner.device.deviceId], into: reader.own });
    // 3 MiB at 2 MiB a second, after a burst of one second.
    expect(Date.now() - startedMs).toBeGreaterThan(400);
    expect(reader.swarm.connections()).toMatchObject([{ kind: 'tls' }]);
  });

  it('a reader learns of a holder’s own damage, leaf by leaf, and keeps the good ones', async () => {
    const [owner, reader] = await serving();
    const file = await open(pathOf(owner.own.folder, pack.packId, 'pack'), 'r+');
    await file.write(Uint8Array.of(pack.bytes[2 * MiB + 5]! ^ 1), 0, 1, 2 * MiB + 5);
    await file.close();
    const got: Uint8Array[] = [];
    const read = (async () => {
      for await (const leaf of reader.swarm.blockSource(owner.device.deviceId).leaves(pack.packId, 0, 4)) got.push(leaf);
    })();
    await expect(read).rejects.toMatchObject({ code: 'pack_corrupt', message: expect.stringContaining('leaf 2') });
    expect(got).toHaveLength(2);
    expect(owner.events.some((event) => event.kind === 'damaged')).toBe(true);
  });

  it('a device without an enrolled member behind an address is not dialled', async () => {
    const [, reader] = await serving();
    await expect(reader.swarm.fetchPack(pack.packId, 1, { from: [aMember(aDevice(9)).deviceId], into: reader.own })).rejects.toMatchObject({
      code: 'source_unavailable',
    });
    expect(reader.swarm.connections()).toEqual([]);
  });
});
