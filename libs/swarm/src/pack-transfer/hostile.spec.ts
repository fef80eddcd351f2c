import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import type { Stream } from '@libp2p/interface';
import { multiaddr } from '@multiformats/multiaddr';
import { randomBytes } from 'node:crypto';
import type { PrivateLibp2p } from '../network/libp2p-node.ts';
import type { TestDevice } from '../testing/builders.ts';
import { aDevice, aMember, aPack } from '../testing/builders.ts';
import { blurt, hear, rawNode } from '../testing/raw-node.ts';
import type { TestNode } from '../testing/team.ts';
import { TestTeam } from '../testing/team.ts';
import { encodeEnd, encodeError, encodeFrameHeader, encodeRequest, packProtocol } from './messages.ts';

const MiB = 1024 * 1024;
const pack = aPack(4 * MiB);
const leaf = (n: number): Uint8Array => pack.bytes.subarray(n * MiB, (n + 1) * MiB);
const frame = (kind: 'root' | 'leaf' | 'end' | 'error', payload: Uint8Array, length = payload.length): Uint8Array[] => [
  encodeFrameHeader(kind, length),
  payload,
];
const rootAnswer = [...frame('root', pack.rootBlock), ...frame('end', encodeEnd(1))];
const flipped = (bytes: Uint8Array, bit: number): Uint8Array => {
  const copy = bytes.slice();
  copy[bit >> 3] = copy[bit >> 3]! ^ (1 << (bit & 7));
  return copy;
};

const requestLength = encodeRequest({ kind: 'root', packId: pack.packId }).length;

async function askOf(server: TestNode, client: PrivateLibp2p, parts: readonly Uint8Array[]): Promise<Stream> {
  const stream = await client.dialProtocol(multiaddr(server.swarm.addresses()[0]), packProtocol);
  await blurt(stream, ...parts);
  return stream;
}

/** What a hostile member answers once it was asked. */
type Answer = (stream: Stream) => Promise<void>;
const afterRoot =
  (...parts: Uint8Array[]): Answer =>
  async (stream) => {
    await blurt(stream, ...rootAnswer);
    await hear(stream, requestLength);
    await blurt(stream, ...parts);
  };

// Loading the network's libraries inside jest takes seconds on a busy machine.
jest.setTimeout(60_000);

describe('/holdfast/pack/1 against a hostile member', () => {
  let team: TestTeam;
  let honest: TestNode;
  let victim: TestNode;
  let hostile: PrivateLibp2p;
  let liar: TestDevice;

  beforeEach(async () => {
    team = await TestTeam.of(2, {
      limits: { idleTimeoutMs: 2_500, frameTimeoutMs: 5_000, nextRequestTimeoutMs: 1_500, streamsPerPeer: 2 },
    });
    [honest, victim] = team.nodes as [TestNode, TestNode];
    liar = aDevice(13);
    hostile = await rawNode(liar);
    await team.enrol([honest.member(), victim.member(), aMember(liar, { addresses: hostile.getMultiaddrs().map(String) })]);
    await honest.own.put(pack);
  });
  afterEach(async () => {
    await hostile.stop();
    await team.stop();
  });

  const lies: [string, string, number, Answer][] = [
    [
      'an altered root block',
      'pack_corrupt',
      0,
      (s) => blurt(s, ...frame('root', flipped(pack.rootBlock, 77)), ...frame('end', encodeEnd(1))),
    ],
    ['a root block of 4 GiB', 'protocol_violation', 0, (s) => blurt(s, ...frame('root', randomBytes(64), 0xffff_ffff))],
    ['a root block of one byte too many', 'protocol_violation', 0, (s) => blurt(s, ...frame('root', randomBytes(64), 65_537))],
    ['a leaf instead of the root', 'protocol_violation', 0, (s) => blurt(s, ...frame('leaf', leaf(0)))],
    ['nothing that is a frame', 'protocol_violation', 0, (s) => blurt(s, new Uint8Array(64).fill(0xee))],
    ['an end at once', 'protocol_violation', 0, (s) => blurt(s, ...frame('end', encodeEnd(0)))],
    ['a closed stream', 'source_unavailable', 0, (s) => s.close()],
    ['a reset', 'source_unavailable', 0, async (s) => s.abort(new Error('reset'))],
    ['silence', 'transfer_stalled', 0, async () => undefined],
    ['a leaf with one bit flipped', 'pack_corrupt', 1, afterRoot(...frame('leaf', leaf(0)), ...frame('leaf', flipped(leaf(1), 12_345)))],
    ['leaves in another order', 'pack_corrupt', 0, afterRoot(...frame('leaf', leaf(1)), ...frame('leaf', leaf(0)))],
    ['a leaf twice', 'pack_corrupt', 1, afterRoot(...frame('leaf', leaf(0)), ...frame('leaf', leaf(0)))],
    ['a leaf of one byte too many', 'protocol_violation', 0, afterRoot(...frame('leaf', randomBytes(100), MiB + 1))],
    ['a short leaf', 'pack_corrupt', 0, afterRoot(...frame('leaf', leaf(0).subarray(1)))],
    ['an empty leaf', 'protocol_violation', 0, afterRoot(...frame('leaf', new Uint8Array()))],
    ['an early end', 'protocol_violation', 1, afterRoot(...frame('leaf', leaf(0)), ...frame('end', encodeEnd(1)))],
    [
      'an end that miscounts',
      'protocol_violation',
      4,
      afterRoot(...[0, 1, 2, 3].flatMap((n) => frame('leaf', leaf(n))), ...frame('end', encodeEnd(3))),
    ],
    ['more leaves than asked for', 'protocol_violation', 4, afterRoot(...[0, 1, 2, 3, 3].flatMap((n) => frame('leaf', leaf(n))))],
    [
      'an unknown error code with terminal codes',
      'source_unavailable',
      0,
      (s) => blurt(s, ...frame('error', Buffer.from('\xc8\x1b[2Jowned', 'latin1'))),
    ],
    ['an error text of a megabyte', 'protocol_violation', 0, (s) => blurt(s, ...frame('error', randomBytes(64), MiB))],
    [
      'the claim of damage',
      'pack_corrupt',
      0,
      (s) =>
        blurt(
          s,
          ...frame('error', encodeError(Object.assign(new Error('x')))).map((b, i) =>
            i === 1 ? Uint8Array.of(4) : encodeFrameHeader('error', 1),
          ),
        ),
    ],
    [
      // It brought something, so it is asked once more, and then lies.
      'half a leaf, then the end of the stream',
      'protocol_violation',
      1,
      async (s) => {
        await afterRoot(...frame('leaf', leaf(0)), encodeFrameHeader('leaf', MiB), leaf(1).subarray(0, MiB / 2))(s);
        await s.close();
      },
    ],
    [
      'half a leaf, then silence',
      'transfer_stalled',
      1,
      afterRoot(...frame('leaf', leaf(0)), encodeFrameHeader('leaf', MiB), leaf(1).subarray(0, MiB / 2)),
    ],
    [
      'a leaf in drops',
      'transfer_stalled',
      0,
      async (s) => {
        await afterRoot(encodeFrameHeader('leaf', MiB))(s);
        while (s.status === 'open') {
          await blurt(s, randomBytes(1));
          await new Promise((resolve) => setTimeout(resolve, 50));
        }
      },
    ],
    [
      'an endless stream',
      'protocol_violation',
      0,
      async (s) => {
        const noise = new Uint8Array(256 * 1024).fill(0x7f);
        for (let sent = 0; s.status === 'open' && sent < 4_000; sent += 1) await blurt(s, noise);
      },
    ],
  ];
  const lieWith = (answer: Answer): Promise<void> =>
    hostile.handle(packProtocol, async (stream) => {
      try {
        await hear(stream, requestLength);
        await answer(stream);
      } catch {
        // The victim hung up, as it should.
      }
    });

  it.each(lies)('%s: %s, and another holder that is asked at the same time finishes', async (_, code, _kept, answer) => {
    await lieWith(answer);
    const before = process.memoryUsage().arrayBuffers;
    const into = victim.own;
    const result = await victim.swarm.fetchPack(pack.packId, pack.sizeBytes, { from: [liar.deviceId, honest.device.deviceId], into });
    expect(result.sources[0]).toMatchObject({ deviceId: liar.deviceId, droppedFor: code });
    // Both are asked at once, so whose leaves come first is chance; none of them is fetched twice.
    expect(result.sources.reduce((sum, source) => sum + source.leaves, 0)).toBe(4);
    expect(await into.verify(pack.packId)).toEqual({ whole: true, damaged: [] });
    const dropped = victim.events.filter((event) => event.kind === 'source-dropped');
    expect(dropped).toMatchObject([{ code, peer: { deviceId: liar.deviceId } }]);
    // What others say is shown in terminals and logs.
    expect(dropped[0]).toMatchObject({ message: expect.not.stringMatching(/[^\x20-\x7e]/) });
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(100 * MiB);
  });

  it.each(lies)('%s: %s, all %d good leaves that it gave alone are kept', async (_, code, kept, answer) => {
    await lieWith(answer);
    const into = victim.own;
    const alone = victim.swarm.fetchPack(pack.packId, pack.sizeBytes, { from: [liar.deviceId], into });
    // Of all sources only damage is told as such. With all leaves there nothing is left to be missed, however the liar ended.
    if (kept < 4) await expect(alone).rejects.toMatchObject({ code: code === 'pack_corrupt' ? code : 'source_unavailable' });
    else await expect(alone).resolves.toMatchObject({ sources: [{ leaves: 4, droppedFor: code }] });
    const rest = await victim.swarm.fetchPack(pack.packId, pack.sizeBytes, { from: [honest.device.deviceId], into });
    expect(rest.resumedLeaves).toBe(kept);
    expect(await into.verify(pack.packId)).toEqual({ whole: true, damaged: [] });
  });

  const ask = (...parts: Uint8Array[]): Promise<Stream> => askOf(honest, hostile, parts);
  const ended = (stream: Stream): Promise<unknown> =>
    stream.status === 'open' ? new Promise((resolve) => stream.addEventListener('close', resolve, { once: true })) : Promise.resolve();

  it.each<[string, Uint8Array]>([
    ['a request of 64 KiB', Uint8Array.of(0xff, 0xff, ...randomBytes(100))],
    ['a request of no bytes', Uint8Array.of(0, 0)],
    ['an unknown kind', encodeRequest({ kind: 'root', packId: pack.packId }).with(2, 9)],
    ['something that is no CID', Uint8Array.of(41, 0, ...new Uint8Array(41).fill(0xaa))],
    ['leaves beyond any pack', encodeRequest({ kind: 'leaves', packId: pack.packId, first: 65_535, count: 65_535 })],
    ['no leaves', encodeRequest({ kind: 'leaves', packId: pack.packId, first: 0, count: 0 })],
  ])('a server answers %s with an error and hangs up', async (_, request) => {
    const stream = await ask(request);
    const answer = await hear(stream, 6);
    expect(answer[0]).toBe(4);
    expect(answer[5]).toBe(5);
    await ended(stream);
    expect(honest.events.filter((event) => event.kind === 'served')).toEqual([]);
  });

  it('a server answers leaves beyond the end of a real pack with not found, and goes on serving', async () => {
    const stream = await ask(
      encodeRequest({ kind: 'leaves', packId: pack.packId, first: 3, count: 2 }),
      encodeRequest({ kind: 'root', packId: pack.packId }),
    );
    const first = await hear(stream, 5);
    expect(first[0]).toBe(4);
    stream.abort(new Error('done'));
  });

  it('a server hangs up on a client that says nothing, or never reads', async () => {
    const silent = await ask(Uint8Array.of(41));
    await ended(silent);
    expect(silent.status).not.toBe('open');
    const deaf = await ask(...Array.from({ length: 8 }, () => encodeRequest({ kind: 'leaves', packId: pack.packId, first: 0, count: 4 })));
    deaf.pause();
    await ended(deaf);
    expect(deaf.status).not.toBe('open');
  });

  it('a server that finds rot on its own disk says so instead of sending it', async () => {
    const { open } = await import('node:fs/promises');
    const file = await open(`${honest.own.folder}/${pack.packId.slice(-3, -1)}/${pack.packId}.pack`, 'r+');
    await file.write(Uint8Array.of(pack.bytes[2 * MiB + 5]! ^ 1), 0, 1, 2 * MiB + 5);
    await file.close();
    const fetch = victim.swarm.fetchPack(pack.packId, pack.sizeBytes, { from: [honest.device.deviceId], into: victim.own });
    // Temporary, and so asked for again soon: the machine mends its own copy.
    await expect(fetch).rejects.toMatchObject({ code: 'pack_corrupt', status: 'temporary' });
    expect(honest.events).toContainEqual(
      expect.objectContaining({ kind: 'damaged', packId: pack.packId, message: expect.stringContaining('leaf 2') }),
    );
    expect(await honest.own.verify(pack.packId)).toEqual({ whole: false, damaged: [2] });
    await honest.own.delete(pack.packId);
    await honest.own.put(pack);
    const again = await victim.swarm.fetchPack(pack.packId, pack.sizeBytes, { from: [honest.device.deviceId], into: victim.own });
    expect(again).toMatchObject({ resumedLeaves: 2 });
  });
});

it('a server serves a member only so many streams at once', async () => {
  // However long the third takes to come, the first two say nothing and are there still.
  const team = await TestTeam.of(1, { limits: { idleTimeoutMs: 1e9, frameTimeoutMs: 1e9, nextRequestTimeoutMs: 1e9, streamsPerPeer: 2 } });
  const client = await rawNode(aDevice(13));
  try {
    const [server] = team.nodes as [TestNode];
    await team.enrol([server.member(), aMember(aDevice(13), { addresses: client.getMultiaddrs().map(String) })]);
    const streams = [await askOf(server, client, []), await askOf(server, client, [])];
    const third = await askOf(server, client, [encodeRequest({ kind: 'root', packId: pack.packId })]);
    const answer = await hear(third, 6);
    expect([answer[0], answer[5]]).toEqual([4, 3]);
    for (const stream of streams) stream.abort(new Error('done'));
  } finally {
    await client.stop();
    await team.stop();
  }
});
