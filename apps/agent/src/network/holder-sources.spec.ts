import { describe, expect, it } from '@jest/globals';
import type { DeviceId, PackId } from '#libs/kernel';
import { ManualClock } from '#libs/kernel/testing';
import type { BlockSource } from '#libs/vault';
import { AgentError } from '../errors.ts';
import { type FetchTally, HolderSources } from './holder-sources.ts';
import { PackLocator } from './pack-locator.ts';

const device = (n: number): DeviceId => `00000000-0000-4000-8000-${String(n).padStart(12, '0')}` as DeviceId;
const pack = (n: number): PackId => `b${String(n).padStart(58, '2')}` as PackId;
const [a, b, c] = [device(1), device(2), device(3)];

function setup(options: {
  online?: DeviceId[];
  located?: DeviceId[];
  receipts?: DeviceId[];
  answers?: (id: DeviceId) => Error | Uint8Array;
  stalls?: (id: DeviceId) => boolean;
}) {
  const clock = new ManualClock();
  const asked: DeviceId[] = [];
  let coordinatorCalls = 0;
  const locator = new PackLocator({
    clock,
    locate: async (packIds) => {
      coordinatorCalls += 1;
      if (!options.located) throw new AgentError('coordinator_unreachable', 'gone', { status: 'temporary' });
      return {
        locations: packIds.map((packId) => ({
          packId,
          sizeBytes: 1,
          holders: options.located!.map((deviceId) => ({ deviceId, online: options.online?.includes(deviceId) ?? true })),
        })),
      };
    },
    receiptHolders: () => options.receipts ?? [],
    members: () => [a, b, c],
  });
  const answer = (id: DeviceId): Uint8Array => {
    asked.push(id);
    const given = options.answers?.(id) ?? new Uint8Array([1, 2, 3]);
    if (given instanceof Error) throw given;
    return given;
  };
  const holders = new HolderSources({
    locator,
    clock,
    isConnected: () => false,
    nameOf: (id) => `device ${Number(id.slice(-4))}`,
    blockSource: async (id): Promise<BlockSource> => ({
      name: id,
      rootBlock: async (_packId, read) => {
        const block = answer(id);
        if (options.stalls?.(id))
          await new Promise((_resolve, reject) => read!.signal!.addEventListener('abort', () => reject(read!.signal!.reason as Error)));
        return block;
      },
      async *leaves() {
        yield answer(id);
      },
    }),
  });
  const tally: FetchTally = { packs: new Map() };
  return { clock, asked, holders, tally, sources: holders.sources(tally), calls: () => coordinatorCalls };
}

/** What `VerifiedBlocks` does: one source after the other until one answers. */
async function firstAnswer(sources: readonly BlockSource[], packId: PackId): Promise<Uint8Array | string[]> {
  const codes: string[] = [];
  for (const source of sources) {
    try {
      return await source.rootBlock(packId);
    } catch (error) {
      codes.push((error as AgentError).code);
    }
  }
  return codes;
}

const down = new AgentError('source_unavailable' as never, 'asleep', { status: 'temporary' });

describe('HolderSources', () => {
  it('spreads packs over all holders and counts who gave what', async () => {
    const { sources, tally } = setup({ located: [a, b, c] });
    for (let n = 1; n <= 60; n += 1) await firstAnswer(sources, pack(n * 1_000_003));
    const givers = [...tally.packs.values()].map((m) => [...m.keys()][0]!);
    for (const id of [a, b, c]) expect(givers.filter((g) => g === id).length).toBeGreaterThan(5);
    expect([...tally.packs.values()].every((m) => [...m.values()][0] === 3)).toBe(true);
  });

  it('asks every holder once, whatever fails on the way', async () => {
    const { sources, asked } = setup({ located: [a, b, c], answers: () => down });
    const codes = await firstAnswer(sources, pack(7));
    expect([...asked].sort()).toEqual([a, b, c]);
    expect(codes).toEqual(['source_unavailable', 'source_unavailable', 'source_unavailable', ...Array<string>(5).fill('pack_not_found')]);
  });

  it('asks last who just failed, and first again a minute later', async () => {
    const s = setup({ located: [a, b], answers: (id) => (id === a ? down : new Uint8Array(1)) });
    for (let n = 0; n < 8; n += 1) await firstAnswer(s.sources, pack(n));
    const before = s.asked.filter((id) => id === a).length;
    for (let n = 10; n < 18; n += 1) await firstAnswer(s.sources, pack(n));
    expect(s.asked.filter((id) => id === a)).toHaveLength(before);
    await s.clock.advance(61_000);
    for (let n = 20; n < 28; n += 1) await firstAnswer(s.sources, pack(n));
    expect(s.asked.filter((id) => id === a).length).toBeGreaterThan(before);
  });

  it('leaves a holder that stands still within seconds, and waits for the last one', async () => {
    const s = setup({ located: [a, b], stalls: (id) => id === a });
    // Of two packs in a row one turns to the other holder first.
    for (const n of [1, 2, 3, 4]) {
      const answers: (Uint8Array | string[])[] = [];
      void firstAnswer(s.sources, pack(n * 1_000_003)).then((one) => answers.push(one));
      for (let waited = 0; waited < 40 && answers.length === 0; waited += 1) {
        // Questions to the coordinator are gathered for some real milliseconds.
        await new Promise((resolve) => setTimeout(resolve, 15));
        await s.clock.advance(500);
      }
      expect(answers[0]).toBeInstanceOf(Uint8Array);
    }
    // From then on it comes last.
    const before = s.asked.filter((id) => id === a).length;
    expect(before).toBeGreaterThan(0);
    for (let n = 10; n < 16; n += 1) await firstAnswer(s.sources, pack(n));
    expect(s.asked.filter((id) => id === a)).toHaveLength(before);
  });

  it('prefers who is online', async () => {
    const { sources, asked } = setup({ located: [a, b, c], online: [c] });
    for (let n = 1; n <= 10; n += 1) await firstAnswer(sources, pack(n));
    expect(new Set(asked)).toEqual(new Set([c]));
  });

  it.each([
    ['receipts', [b], [b]],
    ['nothing: everybody is asked', [], [a, b, c]],
  ] as const)('without the coordinator goes by %s', async (_name, receipts, expected) => {
    const { sources, asked, calls } = setup({ receipts: [...receipts], answers: () => down });
    for (let n = 1; n <= 5; n += 1) await firstAnswer(sources, pack(n));
    expect(new Set(asked)).toEqual(new Set(expected));
    expect(calls()).toBe(1);
  });

  it('a holder that finds its own copy damaged counts as a wrong block, by its name', async () => {
    const { sources, holders } = setup({ located: [a], answers: () => new AgentError('pack_corrupt' as never, 'leaf 3') });
    expect(((await firstAnswer(sources, pack(1))) as string[])[0]).toBe('block_corrupt');
    expect(await holders.nameOf('holder 1', pack(1))).toBe('device 1');
    expect(await holders.nameOf('own packs', pack(1))).toBe('own packs');
  });
});
