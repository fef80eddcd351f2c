import { afterEach, describe, expect, it, jest } from '@jest/globals';
import type { DeviceId } from '#libs/kernel';
import { aDevice, aMember, aPack, aRoster } from './testing/builders.ts';
import type { TestNode } from './testing/team.ts';
import { TestTeam } from './testing/team.ts';

const MiB = 1024 * 1024;
const about = { vaultId: 'ab'.repeat(16) as never, ownerDeviceId: aDeviceId(0), packKind: 'data' as const, generation: 0, sinceMs: 0 };

function aDeviceId(n: number): DeviceId {
  return `00000000-0000-4000-8000-${String(n).padStart(12, '0')}` as DeviceId;
}

// Loading the network's libraries inside jest takes seconds on a busy machine.
jest.setTimeout(60_000);

describe('swarm of members', () => {
  let team: TestTeam;
  afterEach(() => team.stop());

  const nodes = (): [TestNode, TestNode, TestNode] => team.nodes as [TestNode, TestNode, TestNode];

  it.each([1, 5, MiB - 1, MiB, MiB + 1, 5 * MiB + 17])('carries a pack of %d bytes whole', async (sizeBytes) => {
    team = await TestTeam.of(2);
    const [owner, holder] = nodes();
    const pack = aPack(sizeBytes);
    await owner.own.put(pack);
    const progress: number[] = [];
    const result = await holder.swarm.fetchPack(pack.packId, sizeBytes, {
      from: [owner.device.deviceId],
      into: holder.held.sinkFor(about),
      onProgress: ({ leavesDone }) => progress.push(leavesDone),
    });
    expect(result).toEqual({
      packId: pack.packId,
      sizeBytes,
      fetchedBytes: sizeBytes,
      resumedLeaves: 0,
      sources: [{ deviceId: owner.device.deviceId, leaves: Math.ceil(sizeBytes / MiB) }],
    });
    expect(progress).toEqual(Array.from({ length: Math.ceil(sizeBytes / MiB) }, (_, i) => i + 1));
    expect(await holder.held.packs.verify(pack.packId)).toEqual({ whole: true, damaged: [] });
    expect(await holder.held.about(pack.packId)).toEqual(about);
  });

  it('has the peer id that the crypto library gives', async () => {
    team = await TestTeam.of(1);
    expect(team.nodes[0]!.swarm.peerId).toBe(aDevice(0).peerId);
  });

  it('leaves no timer behind that would keep a process from ending', async () => {
    const made: { readonly timer: NodeJS.Timeout; readonly by: string | undefined }[] = [];
    const real = globalThis.setTimeout;
    const spy = jest.spyOn(globalThis, 'setTimeout').mockImplementation((...args: Parameters<typeof setTimeout>) => {
      const timer = real(...args);
      made.push({ timer, by: new Error('made').stack });
      return timer;
    });
    const running = () => made.filter(({ timer }) => timer.hasRef() && !(timer as { _destroyed?: boolean })._destroyed).map(({ by }) => by);
    try {
      team = await TestTeam.of(2);
      expect(running()).not.toEqual([]);
      await team.stop();
      // libp2p's peer store says a millisecond after its last entry that it is idle: that keeps nobody, and is over before this is.
      await new Promise((resolve) => real(resolve, 10));
      expect(running()).toEqual([]);
    } finally {
      spy.mockRestore();
    }
  });

  it('reads blocks for a restore from several devices, at once and partly', async () => {
    team = await TestTeam.of(3);
    const [reader, a, b] = nodes();
    const pack = aPack(6 * MiB);
    await a.own.put(pack);
    await b.own.put(pack);
    const sources = reader.swarm.blockSources([a.device.deviceId, b.device.deviceId]);
    const reads = await Promise.all(
      Array.from({ length: 12 }, async (_, i) => {
        const parts: Uint8Array[] = [];
        for await (const leaf of sources[i % 2]!.leaves(pack.packId, i % 6, 1)) parts.push(leaf);
        return Buffer.concat(parts).equals(pack.bytes.subarray((i % 6) * MiB, (i % 6) * MiB + MiB));
      }),
    );
    expect(reads).toEqual(Array.from({ length: 12 }, () => true));
    expect(Buffer.from(await sources[0]!.rootBlock(pack.packId)).equals(pack.rootBlock)).toBe(true);
    // A reader that has enough leaves early; the next read gets a fresh conversation.
    for await (const leaf of sources[0]!.leaves(pack.packId, 0, 6)) {
      expect(leaf.length).toBe(MiB);
      break;
    }
    for await (const leaf of sources[0]!.leaves(pack.packId, 5, 1)) expect(leaf[0]).toBe(5);
  });

  it('goes on with the next holder where one has nothing, is away, or is unknown', async () => {
    team = await TestTeam.of(3);
    const [holder, empty, owner] = nodes();
    const pack = aPack(2 * MiB);
    await owner.own.put(pack);
    const gone = aDevice(9);
    await team.enrol([...team.nodes.map((node) => node.member()), aMember(gone, { addresses: ['/ip4/127.0.0.1/tcp/1'] })]);
    const result = await holder.swarm.fetchPack(pack.packId, pack.sizeBytes, {
      from: [aDeviceId(77), gone.deviceId, empty.device.deviceId, owner.device.deviceId],
      into: holder.own,
    });
    expect(result.sources).toEqual([
      { deviceId: aDeviceId(77), leaves: 0, droppedFor: 'not_a_member' },
      { deviceId: gone.deviceId, leaves: 0, droppedFor: 'source_unavailable' },
      { deviceId: empty.device.deviceId, leaves: 0, droppedFor: 'pack_not_found' },
      { deviceId: owner.device.deviceId, leaves: 2 },
    ]);
  });

  it('says why when no source is left', async () => {
    team = await TestTeam.of(2);
    const [holder, empty] = nodes();
    const pack = aPack(10);
    const fetch = (from: DeviceId[]) => holder.swarm.fetchPack(pack.packId, 10, { from, into: holder.own });
    await expect(fetch([empty.device.deviceId])).rejects.toMatchObject({ code: 'pack_not_found' });
    await expect(fetch([aDeviceId(50), empty.device.deviceId])).rejects.toMatchObject({ code: 'source_unavailable', status: 'temporary' });
    await expect(fetch([])).rejects.toMatchObject({ code: 'source_unavailable' });
  });

  it('asks mayServe before it serves, each time', async () => {
    const asked: string[] = [];
    team = await TestTeam.of(2, {
      mayServe: (peer, packId) => {
        asked.push(`${peer.deviceId} ${packId}`);
        return false;
      },
    });
    const [holder, owner] = nodes();
    const pack = aPack(10);
    await owner.own.put(pack);
    await expect(holder.swarm.blockSource(owner.device.deviceId).rootBlock(pack.packId)).rejects.toMatchObject({ code: 'peer_refused' });
    await expect(holder.swarm.fetchPack(pack.packId, 10, { from: [owner.device.deviceId], into: holder.own })).rejects.toMatchObject({
      code: 'source_unavailable',
    });
    expect(asked).toEqual([`${holder.device.deviceId} ${pack.packId}`, `${holder.device.deviceId} ${pack.packId}`]);
  });

  it('gives nothing out while its roster is too old', async () => {
    team = await TestTeam.of(2, { mayGiveOut: () => false });
    const [reader, owner] = nodes();
    const pack = aPack(10);
    await owner.own.put(pack);
    await expect(reader.swarm.blockSource(owner.device.deviceId).rootBlock(pack.packId)).rejects.toMatchObject({ code: 'peer_refused' });
  });

  it('fetching what is there already changes nothing and asks nobody', async () => {
    team = await TestTeam.of(2);
    const [holder, owner] = nodes();
    const pack = aPack(MiB);
    await owner.own.put(pack);
    await holder.own.put(pack);
    const result = await holder.swarm.fetchPack(pack.packId, MiB, { from: [owner.device.deviceId], into: holder.own });
    expect(result).toMatchObject({ fetchedBytes: 0, resumedLeaves: 1, sources: [] });
    expect(holder.swarm.connections()).toEqual([]);
  });

  it('refuses a size that the pack does not have', async () => {
    team = await TestTeam.of(2);
    const [holder, owner] = nodes();
    const pack = aPack(100);
    await owner.own.put(pack);
    await expect(holder.swarm.fetchPack(pack.packId, 101, { from: [owner.device.deviceId], into: holder.own })).rejects.toMatchObject({
      code: 'pack_invalid',
    });
    expect(await holder.own.incoming()).toEqual([]);
  });

  it('stops a fetch when told to, and keeps what came', async () => {
    team = await TestTeam.of(2);
    const [holder, owner] = nodes();
    const pack = aPack(8 * MiB);
    await owner.own.put(pack);
    const stop = new AbortController();
    const fetch = holder.swarm.fetchPack(pack.packId, pack.sizeBytes, {
      from: [owner.device.deviceId],
      into: holder.own,
      signal: stop.signal,
      onProgress: ({ leavesDone }) => {
        if (leavesDone === 3) stop.abort(new Error('enough'));
      },
    });
    await expect(fetch).rejects.toThrow('enough');
    expect(await holder.own.has(pack.packId)).toBe(false);
    const again = await holder.swarm.fetchPack(pack.packId, pack.sizeBytes, { from: [owner.device.deviceId], into: holder.own });
    expect(again).toMatchObject({ resumedLeaves: 3, fetchedBytes: 5 * MiB });
  });

  it('shows its connections and measures the way', async () => {
    team = await TestTeam.of(2);
    const [a, b] = nodes();
    expect(await a.swarm.ping(b.device.deviceId)).toBeGreaterThanOrEqual(0);
    expect(a.swarm.connections()).toMatchObject([{ peer: { deviceId: b.device.deviceId }, direction: 'outbound', kind: 'direct' }]);
    expect(b.swarm.connections()).toMatchObject([{ peer: { deviceId: a.device.deviceId }, direction: 'inbound', kind: 'direct' }]);
  });

  it('reaches a device without an address over the connection that the device opened', async () => {
    team = await TestTeam.of(2);
    const [behindNat, other] = nodes();
    const pack = aPack(10);
    await behindNat.own.put(pack);
    await team.enrol([behindNat.member({ addresses: [] }), other.member()]);
    await expect(other.swarm.blockSource(behindNat.device.deviceId).rootBlock(pack.packId)).rejects.toMatchObject({
      code: 'source_unavailable',
    });
    await behindNat.swarm.ping(other.device.deviceId);
    expect(await other.swarm.blockSource(behindNat.device.deviceId).rootBlock(pack.packId)).toHaveLength(pack.rootBlock.length);
  });

  it('refuses an older roster, another team, and use after the end', async () => {
    team = await TestTeam.of(1);
    const [node] = nodes();
    const { swarm } = node;
    await swarm.setRoster(aRoster(7, [node.member()]));
    await expect(async () => swarm.setRoster(aRoster(6, []))).rejects.toMatchObject({ code: 'roster_rollback' });
    await expect(async () => swarm.setRoster({ ...aRoster(8, []), teamId: '22222222-2222-4222-8222-222222222222' })).rejects.toMatchObject({
      code: 'roster_rollback',
    });
    expect(swarm.rosterVersion).toBe(7);
    await swarm.stop();
    await expect(async () => swarm.setRoster(aRoster(9, []))).rejects.toMatchObject({ code: 'swarm_stopped' });
  });
});
