import { afterEach, describe, expect, it, jest } from '@jest/globals';
import type { DeviceId } from '#libs/kernel';
import type { TestDevice } from '../testing/builders.ts';
import { aDevice, aMember, aPack } from '../testing/builders.ts';
import { hostileLane } from '../testing/lane-client.ts';
import type { TestNode } from '../testing/team.ts';
import { TestTeam } from '../testing/team.ts';

const MiB = 1024 * 1024;
const pack = aPack(24 * MiB + 3);

// Loading the network's libraries inside jest takes seconds on a busy machine.
jest.setTimeout(60_000);

/** Head of an answer to a range of the pack. */
function rangeHead(first: number, last: number, changes: Record<string, string> = {}): string {
  const headers = { 'content-length': String(last - first + 1), 'content-range': `bytes ${first}-${last}/${pack.sizeBytes}`, ...changes };
  return `HTTP/1.1 206 Partial Content\r\n${Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`).join('')}\r\n`; // prettier-ignore
}
const asked = (head: string): { first: number; last: number } | undefined => {
  const [, first, last] = /range: bytes=(\d+)-(\d+)/.exec(head) ?? [];
  return first && last ? { first: Number(first), last: Math.min(Number(last), pack.sizeBytes - 1) } : undefined;
};
/** An honest answer, with one thing about it changed. */
function answer(head: string, change: (bytes: Buffer) => Uint8Array, headers: Record<string, string> = {}): Uint8Array {
  const range = asked(head);
  if (!range) return Buffer.concat([Buffer.from(`HTTP/1.1 200 OK\r\ncontent-length: ${pack.rootBlock.length}\r\n\r\n`), pack.rootBlock]);
  const bytes = Buffer.from(pack.bytes.subarray(range.first, range.last + 1));
  return Buffer.concat([Buffer.from(rangeHead(range.first, range.last, headers)), change(bytes)]);
}
const flipped = (bytes: Buffer): Buffer => {
  bytes[5]! ^= 1;
  return bytes;
};

type Behaviour = Parameters<typeof hostileLane>[1];
const behaviours: Record<string, { readonly code: string; readonly answer: Behaviour }> = {
  'a lie': { code: 'pack_corrupt', answer: (_path, head) => answer(head, flipped) },
  'silence': { code: 'transfer_stalled', answer: (_path, head) => (asked(head) ? undefined : answer(head, (bytes) => bytes)) },
  'silence in the middle of a leaf': { code: 'transfer_stalled', answer: (_path, head) => answer(head, (bytes) => bytes.subarray(0, MiB / 3)) },
  'another range': { code: 'protocol_violation', answer: (_path, head) => answer(head, (bytes) => bytes, { 'content-range': `bytes 1-${MiB}/${pack.sizeBytes}` }) },
  'a length that never ends': { code: 'protocol_violation', answer: (_path, head) => answer(head, (bytes) => bytes, { 'content-length': '99999999999' }) },
  'chunks': { code: 'protocol_violation', answer: (_path, head) => answer(head, (bytes) => bytes, { 'transfer-encoding': 'chunked' }) },
  'an end in the middle': { code: 'source_unavailable', answer: (_path, head, socket) => {
    if (!asked(head)) return answer(head, (bytes) => bytes);
    socket.end(answer(head, (bytes) => bytes.subarray(0, 1_000)));
    return undefined;
  } },
  'no HTTP': { code: 'protocol_violation', answer: (_path, head) => (asked(head) ? 'hello\r\n\r\n' : answer(head, (bytes) => bytes)) },
  'a refusal': { code: 'peer_refused', answer: () => 'HTTP/1.1 403 Forbidden\r\nholdfast-error: peer_refused\r\ncontent-length: 2\r\n\r\nno' },
}; // prettier-ignore

/** No silence is ever too long: who goes on does so because of the other holder, not because a limit is over. */
const patient = { idleTimeoutMs: 1e9, frameTimeoutMs: 1e9, nextRequestTimeoutMs: 1e9 };

describe('a pack from several holders', () => {
  let team: TestTeam;
  const cleanUp: (() => Promise<void>)[] = [];
  afterEach(async () => {
    for (const step of cleanUp.splice(0)) await step();
    await team.stop();
  });
  const nodes = (): [TestNode, TestNode, TestNode] => team.nodes as [TestNode, TestNode, TestNode];
  const hostile = async (device: TestDevice, behaviour: Behaviour): Promise<ReturnType<typeof aMember>> => {
    const lane = await hostileLane(device, behaviour);
    cleanUp.push(lane.stop);
    return aMember(device, { addresses: [lane.address] });
  };
  const fetch = (reader: TestNode, from: readonly DeviceId[]) =>
    reader.swarm.fetchPack(pack.packId, pack.sizeBytes, { from, into: reader.own });

  it('comes from all of them', async () => {
    team = await TestTeam.of(3, { rates: { uploadBytesPerSecond: 6 * MiB, downloadBytesPerSecond: null } });
    const [reader, a, b] = nodes();
    await a.own.put(pack);
    await b.own.put(pack);
    const result = await fetch(reader, [a.device.deviceId, b.device.deviceId]);
    expect(result.fetchedBytes).toBe(pack.sizeBytes);
    expect(result.sources.map(({ leaves }) => leaves).reduce((sum, leaves) => sum + leaves)).toBe(25);
    for (const { leaves, droppedFor } of result.sources) {
      expect(leaves).toBeGreaterThanOrEqual(4);
      expect(droppedFor).toBeUndefined();
    }
    expect(await reader.own.verify(pack.packId)).toEqual({ whole: true, damaged: [] });
  });

  it.each(Object.entries(behaviours))('goes on when one answers with %s', async (_name, { code, answer: behaviour }) => {
    // Slow enough that the other one is heard out before everything is there.
    team = await TestTeam.of(2, { limits: patient, rates: { uploadBytesPerSecond: 10 * MiB, downloadBytesPerSecond: null } });
    const [reader, honest] = nodes();
    await honest.own.put(pack);
    const bad = await hostile(aDevice(9), behaviour);
    await team.enrol([reader.member(), honest.member(), bad]);
    const result = await fetch(reader, [bad.deviceId, honest.device.deviceId]);
    expect(await reader.own.verify(pack.packId)).toEqual({ whole: true, damaged: [] });
    const [first, second] = result.sources;
    // One that merely stands still may be overtaken before it is dropped.
    if (code !== 'transfer_stalled') expect(first).toMatchObject({ deviceId: bad.deviceId, leaves: 0, droppedFor: code });
    else expect(first).toMatchObject({ deviceId: bad.deviceId, leaves: 0 });
    expect(second).toEqual({ deviceId: honest.device.deviceId, leaves: 25 });
  });

  it('leaves one that crawls', async () => {
    team = await TestTeam.of(2, { limits: patient });
    const [reader, honest] = nodes();
    await honest.own.put(pack);
    // Two kilobytes every tenth of a second: never silent, never done.
    const crawler = await hostile(aDevice(9), (_path, head, socket) => {
      const whole = answer(head, (bytes) => bytes);
      if (!asked(head)) return whole;
      let at = 0;
      const timer = setInterval(() => (socket.destroyed ? clearInterval(timer) : socket.write(whole.subarray(at, (at += 2_000)))), 100);
      return undefined;
    });
    await team.enrol([reader.member(), honest.member(), crawler]);
    const result = await fetch(reader, [crawler.deviceId, honest.device.deviceId]);
    expect(result.sources[0]).toMatchObject({ leaves: 0 });
    expect(await reader.own.has(pack.packId)).toBe(true);
  });
});
