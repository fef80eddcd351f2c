import { afterEach, describe, expect, it, jest } from '@jest/globals';
import { ManualClock } from '#libs/kernel/testing';
import type { TransferRates } from '../swarm-types.ts';
import { aPack } from '../testing/builders.ts';
import type { TestNode } from '../testing/team.ts';
import { TestTeam } from '../testing/team.ts';

const KiB = 1024;
const MiB = 1024 * KiB;
const pack = aPack(3 * MiB);

/** Nothing is given up for being slow: the clock of these tests runs as fast as the machine is slow. */
const patient = { idleTimeoutMs: 1e9, frameTimeoutMs: 1e9, nextRequestTimeoutMs: 1e9 };
const only = (direction: 'upload' | 'download', bytesPerSecond: number | null) => ({
  uploadBytesPerSecond: direction === 'upload' ? bytesPerSecond : null,
  downloadBytesPerSecond: direction === 'download' ? bytesPerSecond : null,
});
const none = only('upload', null);

// Loading the network's libraries inside jest takes seconds on a busy machine.
jest.setTimeout(60_000);

let team: TestTeam;
let clock: ManualClock;
afterEach(() => team.stop());

/** Fetches the pack while the clock goes on. Bytes that were there before the limit allowed them, at the worst moment. */
async function aheadOf(bytesPerSecond: number, owner: TestNode, reader: TestNode): Promise<number> {
  const begunMs = clock.nowMs();
  const over = new AbortController();
  let aheadBytes = 0;
  const fetch = fetchFrom(owner, reader, (bytesDone) => {
    // A second's worth is free at the beginning.
    aheadBytes = Math.max(aheadBytes, bytesDone - bytesPerSecond * ((clock.nowMs() - begunMs) / 1_000 + 1));
  }).finally(() => over.abort());
  while (!over.signal.aborted) {
    await clock.advance(50);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  await fetch;
  expect((await reader.own.verify(pack.packId)).whole).toBe(true);
  return aheadBytes;
}
const fetchFrom = (owner: TestNode, reader: TestNode, onBytes = (_bytesDone: number): void => undefined): Promise<unknown> =>
  reader.swarm.fetchPack(pack.packId, pack.sizeBytes, {
    from: [owner.device.deviceId],
    into: reader.own,
    onProgress: ({ bytesDone }) => onBytes(bytesDone),
  });
const limit = 512 * KiB;

describe.each([
  ['the fast lane', true, 'tls'],
  ['libp2p', false, 'direct'],
] as const)('on a local network, over %s,', (_name, fastLane, kind) => {
  const start = async (ratesOf: (n: number) => TransferRates): Promise<[TestNode, TestNode]> => {
    clock = new ManualClock();
    team = await TestTeam.of(0);
    for (const n of [0, 1]) await team.add(n, { clock, fastLane, limits: patient, rates: ratesOf(n) });
    await team.enrol();
    const [owner, reader] = team.nodes as [TestNode, TestNode];
    await owner.own.put(pack);
    return [owner, reader];
  };

  it.each(['upload', 'download'] as const)('its own %s limit holds where there is no general one', async (direction) => {
    // The owner gives, the reader takes; each has a limit in that direction only.
    const limited = direction === 'upload' ? 0 : 1;
    const [owner, reader] = await start((n) => ({ ...none, ...(n === limited && { lan: only(direction, limit) }) }));
    expect(await aheadOf(limit, owner, reader)).toBe(0);
    expect(reader.swarm.connections()).toMatchObject([{ kind }]);
  });

  it('the general limit does not hold where it has its own, and no time goes by', async () => {
    const [owner, reader] = await start(() => ({ uploadBytesPerSecond: 1, downloadBytesPerSecond: 1, lan: none }));
    await fetchFrom(owner, reader);
    expect((await reader.own.verify(pack.packId)).whole).toBe(true);
  });

  it('the general limit holds where it has none', async () => {
    const [owner, reader] = await start((n) => (n === 0 ? { ...only('upload', limit), relay: none } : none));
    expect(await aheadOf(limit, owner, reader)).toBe(0);
  });

  it('a new limit reaches a transfer that is under way', async () => {
    const [owner, reader] = await start((n) => (n === 0 ? { ...none, lan: only('upload', 1.5 * MiB) } : none));
    let began = (): void => undefined;
    const first = new Promise<void>((resolve) => (began = resolve));
    const fetch = fetchFrom(owner, reader, () => began());
    // The burst brings a leaf; the clock stands still, so that the rest waits until the limit is lifted.
    await first;
    owner.swarm.setRates({ uploadBytesPerSecond: 1, downloadBytesPerSecond: 1, lan: none });
    await fetch;
    expect((await reader.own.verify(pack.packId)).whole).toBe(true);
  });
});

describe('through the coordinator’s relay', () => {
  /** The coordinator, the owner, and a reader; neither of those two can be dialled. */
  const start = async (rates: TransferRates): Promise<[TestNode, TestNode]> => {
    clock = new ManualClock();
    team = await TestTeam.of(0);
    await team.add(0, { clock, limits: patient, relay: true });
    await team.add(1, { clock, limits: patient, rates });
    await team.add(2, { clock, limits: patient });
    const [coordinator, owner, reader] = team.nodes as [TestNode, TestNode, TestNode];
    await team.enrol([coordinator.member({ class: 'coordinator' }), owner.member({ addresses: [] }), reader.member({ addresses: [] })]);
    await owner.own.put(pack);
    // The place at the relay is taken a moment after the connection: until then nobody reaches the owner.
    for (const end = Date.now() + 20_000; ;) {
      try {
        await reader.swarm.ping(owner.device.deviceId);
        return [owner, reader];
      } catch (error) {
        if (Date.now() > end) throw error;
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
    }
  };

  it.each<[string, TransferRates]>([
    ['its own limit', { ...none, relay: only('upload', limit) }],
    ['the general limit, though it has none of its own', { ...only('upload', limit), relay: none }],
    ['the general limit, though the way begins on the local network', { ...only('upload', limit), lan: none }],
  ])('holds %s', async (_which, rates) => {
    const [owner, reader] = await start(rates);
    expect(await aheadOf(limit, owner, reader)).toBe(0);
    expect(reader.swarm.connections().find(({ peer }) => peer.deviceId === owner.device.deviceId)).toMatchObject({ kind: 'relayed' });
  });

  it('does not hold the limit of the local network', async () => {
    const [owner, reader] = await start({ ...none, lan: only('upload', 1) });
    await fetchFrom(owner, reader);
    expect((await reader.own.verify(pack.packId)).whole).toBe(true);
  });
});
