import { Socket, isIP } from 'node:net';
import dgram from 'node:dgram';
import dns from 'node:dns';
import { afterEach, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { multiaddr } from '@multiformats/multiaddr';
import { CID } from 'multiformats/cid';
import { cryptoReady } from '#libs/crypto';
import { bitswapProtocol } from '../network/bitswap.ts';
import { packProtocol } from '../pack-transfer/messages.ts';
import { aDevice, aMember, aPack, aRoster } from '../testing/builders.ts';
import { rawNode } from '../testing/raw-node.ts';
import type { TestNode } from '../testing/team.ts';
import { TestTeam } from '../testing/team.ts';
import { until } from '../testing/until.ts';

// Loading the network's libraries inside jest takes seconds on a busy machine.
jest.setTimeout(60_000);

describe('membership', () => {
  let team: TestTeam;
  const cleanUp: (() => unknown)[] = [];
  beforeAll(() => cryptoReady());
  afterEach(async () => {
    for (const work of cleanUp.splice(0)) await work();
    await team.stop();
  });
  const nodes = (): [TestNode, TestNode, TestNode] => team.nodes as [TestNode, TestNode, TestNode];

  it.each([packProtocol, bitswapProtocol, '/ipfs/ping/1.0.0', '/ipfs/id/1.0.0', '/holdfast/vault/1'])(
    'gives a stranger with a valid key no stream of %s, whatever it knows',
    async (protocol) => {
      team = await TestTeam.of(2);
      const [member] = nodes();
      await member.own.put(aPack(10));
      const stranger = await rawNode(aDevice(66));
      cleanUp.push(() => stranger.stop());
      await expect(stranger.dialProtocol(multiaddr(member.swarm.addresses()[0]), protocol)).rejects.toThrow();
      // The stranger hears that the door was closed from its own operating system, a moment later.
      await until(() => stranger.getConnections().length === 0);
      expect(member.swarm.connections()).toEqual([]);
      expect(member.events).toContainEqual(expect.objectContaining({ kind: 'denied', direction: 'inbound', peerId: aDevice(66).peerId }));
    },
  );

  it('gives a stranger no block when its own forged roster has everybody in it, neither by transfer nor by bitswap', async () => {
    team = await TestTeam.of(1);
    const [member] = nodes();
    const pack = aPack(2 * 1024 * 1024);
    await member.own.put(pack);
    const stranger = await team.add(66);
    await stranger.swarm.setRoster(aRoster(1, [member.member(), stranger.member()]));
    await expect(stranger.swarm.blockSource(member.device.deviceId).rootBlock(pack.packId)).rejects.toMatchObject({
      code: 'source_unavailable',
    });
    await expect(
      stranger.swarm.fetchPack(pack.packId, pack.sizeBytes, { from: [member.device.deviceId], into: stranger.own }),
    ).rejects.toMatchObject({ code: 'source_unavailable' });
    const helia = await stranger.swarm.helia();
    const want = async (): Promise<void> => {
      for await (const _ of helia.blockstore.get(CID.parse(pack.packId), {
        signal: AbortSignal.timeout(1_000),
        providers: [multiaddr(member.swarm.addresses()[0])],
      }))
        void _;
    };
    await expect(want()).rejects.toThrow();
    expect(member.events.filter((event) => event.kind === 'served' || event.kind === 'connected')).toEqual([]);
  });

  it('a member neither asks nor reaches a stranger, even where a roster address leads to one', async () => {
    team = await TestTeam.of(1);
    const [member] = nodes();
    const stranger = await team.add(66);
    const pack = aPack(10);
    await stranger.own.put(pack);
    await stranger.swarm.setRoster(aRoster(1, [member.member(), stranger.member()]));
    await expect(member.swarm.blockSource(stranger.device.deviceId).rootBlock(pack.packId)).rejects.toMatchObject({ code: 'not_a_member' });
    // The stranger sits at the address of a colleague: the handshake shows that it is somebody else.
    const colleague = aDevice(5);
    const address = stranger.swarm.addresses()[0]!.replace(stranger.device.peerId, colleague.peerId);
    await team.enrol([member.member(), aMember(colleague, { addresses: [address] })], [member]);
    await expect(member.swarm.blockSource(colleague.deviceId).rootBlock(pack.packId)).rejects.toMatchObject({ code: 'source_unavailable' });
    expect(member.swarm.connections()).toEqual([]);
  });

  it.each([
    ['revoked', (node: TestNode) => [node.member({ state: 'revoked' })]],
    ['no longer named', () => []],
  ])('a device that is %s is disconnected at once and stays out', async (_, left) => {
    team = await TestTeam.of(3);
    const [owner, leaver, other] = nodes();
    const pack = aPack(64 * 1024 * 1024);
    await owner.own.put(pack);
    let leaves = 0;
    const fetch = leaver.swarm.fetchPack(pack.packId, pack.sizeBytes, {
      from: [owner.device.deviceId],
      into: leaver.own,
      onProgress: () => {
        leaves += 1;
        // In the middle of a transfer, and only the owner knows of it yet.
        if (leaves === 2) void team.enrol([owner.member(), other.member(), ...left(leaver)], [owner]);
      },
    });
    await expect(fetch).rejects.toMatchObject({ code: 'source_unavailable' });
    expect(owner.swarm.connections()).toEqual([]);
    expect(leaves).toBeLessThan(64);
    await expect(leaver.swarm.ping(owner.device.deviceId)).rejects.toMatchObject({ code: 'source_unavailable' });
    await expect(owner.swarm.ping(leaver.device.deviceId)).rejects.toMatchObject({ code: 'not_a_member' });
    expect(await other.swarm.ping(owner.device.deviceId)).toBeGreaterThanOrEqual(0);
  });

  it('a draining device still serves and fetches', async () => {
    team = await TestTeam.of(2);
    const [a, b] = nodes();
    const pack = aPack(10);
    await a.own.put(pack);
    await team.enrol([a.member({ state: 'draining' }), b.member()]);
    expect(await b.swarm.fetchPack(pack.packId, 10, { from: [a.device.deviceId], into: b.own })).toMatchObject({ fetchedBytes: 10 });
  });

  it('dials nobody outside the roster: not at start, not when idle, not for a block that nobody has, not on what a member says of itself', async () => {
    const dialled: string[] = [];
    // oxlint-disable-next-line typescript/unbound-method -- called with its own socket below
    const connect = Socket.prototype.connect;
    // Every TCP connection of the process ends up here, whichever API made it.
    const spy = jest.spyOn(Socket.prototype, 'connect').mockImplementation(function (this: Socket, ...args: unknown[]) {
      const [target] = (Array.isArray(args[0]) ? args[0] : args) as [{ host?: string; port?: number; path?: string }];
      dialled.push(target.path ?? `${target.host}:${target.port}`);
      return Reflect.apply(connect, this, args) as Socket;
    });
    const udp = jest.spyOn(dgram, 'createSocket');
    const lookup = jest.spyOn(dns, 'lookup');
    const resolve = jest.spyOn(dns.promises, 'resolve');
    cleanUp.push(
      () => spy.mockRestore(),
      () => udp.mockRestore(),
      () => lookup.mockRestore(),
      () => resolve.mockRestore(),
    );

    team = await TestTeam.of(2);
    const [a, b] = nodes();
    // A member that claims to live at a stranger's address: nothing of it is believed.
    const liar = await rawNode(aDevice(7), {}, ['/ip4/127.0.0.1/tcp/9']);
    cleanUp.push(() => liar.stop());
    await team.enrol([a.member(), b.member(), aMember(aDevice(7))]);
    const identified = new Promise((resolve) => liar.addEventListener('peer:identify', resolve, { once: true }));
    const connection = await liar.dial(multiaddr(a.swarm.addresses()[0]));
    await identified;
    // Both sides identify each other at the same time: give the other direction its chance to do harm.
    await new Promise((resolve) => setTimeout(resolve, 300));
    await connection.close();
    await a.swarm
      .blockSource(aDevice(7).deviceId)
      .rootBlock(aPack(9).packId)
      .catch(() => undefined);

    await a.swarm.fetchPack(aPack(10).packId, 10, { from: [b.device.deviceId], into: a.own }).catch(() => undefined);
    const helia = await a.swarm.helia();
    const unknown = CID.parse(aPack(11).packId);
    await expect(
      (async () => {
        for await (const _ of helia.blockstore.get(unknown, { signal: AbortSignal.timeout(2_500) })) void _;
      })(),
    ).rejects.toThrow();

    const members = new Set(
      [a, b]
        .flatMap((node) => node.swarm.addresses().map((address) => multiaddr(address)))
        .map((address) => `127.0.0.1:${address.getComponents().find((c) => c.name === 'tcp')!.value}`),
    );
    expect(dialled.length).toBeGreaterThan(0);
    expect(dialled.filter((target) => !members.has(target))).toEqual([]);
    expect(udp).not.toHaveBeenCalled();
    expect(lookup.mock.calls.map(([name]) => name).filter((name) => isIP(name) === 0)).toEqual([]);
    expect(resolve).not.toHaveBeenCalled();
  });
});
