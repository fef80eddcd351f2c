import { beforeAll, describe, expect, it } from '@jest/globals';
import { cryptoReady, type Primitives } from '#libs/crypto';
import { nodePrimitives } from '#libs/crypto/node';
import { VaultError } from '../errors.ts';
import { limits } from '../limits.ts';
import type { WrittenPack } from '../pack/pack-builder.ts';
import type { PackStore } from '../ports.ts';
import { aPack, describePackStore, type FaultRule, faultyPackStore, memoryPackStore } from '../testing/index.ts';
import { type BlockRejected, VerifiedBlocks } from './verified-blocks.ts';

const mib = limits.leafBytes;

describePackStore('memory', async () => ({ store: memoryPackStore() }));
describePackStore('faulty without faults', async () => ({ store: faultyPackStore(memoryPackStore(), []) }));

describe('VerifiedBlocks', () => {
  let primitives: Primitives;
  let pack: WrittenPack;
  beforeAll(async () => {
    await cryptoReady();
    primitives = nodePrimitives();
    pack = await aPack({ plainBytes: 4.5 * mib });
  });
  const holding = async (
    name: string,
    rules: readonly FaultRule[] = [],
  ): Promise<PackStore & { readonly calls: ReadonlyMap<string, number> }> => {
    const store = memoryPackStore({ name });
    await store.put(pack);
    return { ...faultyPackStore(store, rules), name };
  };
  const over = (sources: readonly PackStore[], rejected: BlockRejected[] = [], cacheLeaves = 16): VerifiedBlocks =>
    new VerifiedBlocks({ primitives, sources, onRejected: (one) => rejected.push(one), cacheLeaves });
  const readAll = async (blocks: VerifiedBlocks, signal?: AbortSignal): Promise<Buffer> => {
    const leaves: Uint8Array[] = [];
    for await (const leaf of blocks.leaves(pack.packId, 0, 5, signal ? { signal } : {})) leaves.push(leaf);
    return Buffer.concat(leaves);
  };

  it.each<[string, FaultRule, Partial<BlockRejected>]>([
    ['a leaf with a wrong bit', { on: 'leaf', atCall: 3, fault: 'flip' }, { leaf: 2, code: 'block_corrupt' }],
    ['half a leaf', { on: 'leaf', atCall: 2, fault: 'tear' }, { leaf: 1, code: 'block_corrupt' }],
    ['an error in the middle', { on: 'leaf', atCall: 4, fault: 'fail' }, { leaf: 3, code: 'source_unavailable' }],
    ['a wrong root block', { on: 'rootBlock', atCall: 1, fault: 'flip' }, { leaf: -1, code: 'block_corrupt' }],
    ['half a root block', { on: 'rootBlock', atCall: 1, fault: 'tear' }, { leaf: -1, code: 'block_corrupt' }],
    ['no root block', { on: 'rootBlock', atCall: 1, fault: 'fail' }, { leaf: -1, code: 'source_unavailable' }],
  ])('goes on with the next source after %s', async (_name, rule, expected) => {
    const rejected: BlockRejected[] = [];
    const blocks = over([await holding('first', [rule]), await holding('second')], rejected);
    expect((await readAll(blocks)).equals(pack.bytes)).toBe(true);
    expect(rejected).toEqual([expect.objectContaining({ packId: pack.packId, source: 'first', ...expected })]);
  });

  it('has sealed bytes only of a first source on this machine, and leaves what is wrong with it to a checked reading', async () => {
    const into = new Uint8Array(100);
    const inner = await holding('disk');
    const disk = (readSealed: NonNullable<PackStore['readSealed']>): PackStore => ({ ...inner, readSealed });
    const fills = disk(async (_packId, offset, room) => (room.set(pack.bytes.subarray(offset, offset + room.length)), true));
    expect(await over([fills, inner]).readSealed(pack.packId, 50, into)).toBe(true);
    expect(Buffer.compare(into, pack.bytes.subarray(50, 150))).toBe(0);
    expect(await over([inner, fills]).readSealed(pack.packId, 50, into)).toBe(false);
    const rejected: BlockRejected[] = [];
    const failing = disk(async () => Promise.reject(new VaultError('pack_not_found', 'not here')));
    expect(await over([failing], rejected).readSealed(pack.packId, 50, into)).toBe(false);
    const broken = disk(async () => Promise.reject(new TypeError('a bug')));
    await expect(over([broken], rejected).readSealed(pack.packId, 50, into)).rejects.toThrow('a bug');
    const stop = new AbortController();
    stop.abort();
    await expect(over([failing], rejected).readSealed(pack.packId, 50, into, { signal: stop.signal })).rejects.toThrow('not here');
    expect(rejected).toEqual([]);
  });

  it('reads ranges once into given memory, and leaves into memory that is used again', async () => {
    const store = await holding('disk');
    const taken = new Set<ArrayBufferLike>();
    let takes = 0;
    const usesRoom: PackStore = {
      ...store,
      async *leaves(packId, first, count, options) {
        for await (const leaf of store.leaves(packId, first, count, options)) {
          const room = options!.leafRoom!.take();
          takes += 1;
          taken.add(room.buffer);
          room.set(leaf);
          yield room.subarray(0, leaf.length);
        }
      },
    };
    const blocks = over([usesRoom], [], 1);
    const into = new Uint8Array(3 * mib);
    for (let round = 0; round < 5; round += 1)
      for (const [offset, length] of [
        [0, 2.5 * mib],
        [2.5 * mib, 2 * mib],
        [100, 3 * mib],
        [7, 9],
      ] as const) {
        const bytes = await blocks.readOnce(pack.packId, offset, length, { into });
        expect(bytes.buffer).toBe(into.buffer);
        expect(Buffer.compare(bytes, pack.bytes.subarray(offset, offset + length))).toBe(0);
      }
    expect(takes).toBeGreaterThan(20);
    expect(taken.size).toBeLessThan(takes / 2);
    // What does not fit there comes in memory of its own.
    const all = await blocks.readOnce(pack.packId, 0, 4 * mib, { into });
    expect(all.buffer).not.toBe(into.buffer);
    expect(Buffer.compare(all, pack.bytes.subarray(0, 4 * mib))).toBe(0);
  });

  it('never writes to leaves that a source has in memory of its own', async () => {
    const store = await holding('memory');
    const own = await Array.fromAsync(store.leaves(pack.packId, 0, 5), (leaf) => leaf.slice());
    const before = Buffer.concat(own);
    const inMemory: PackStore = {
      ...store,
      async *leaves(_packId, first, count, options) {
        options?.leafRoom?.take().fill(0xff);
        yield* own.slice(first, first + count);
      },
    };
    const blocks = over([inMemory], [], 1);
    for (let round = 0; round < 3; round += 1)
      expect(Buffer.compare(await blocks.readOnce(pack.packId, 0, 4.5 * mib), pack.bytes.subarray(0, 4.5 * mib))).toBe(0);
    expect(Buffer.concat(own).equals(before)).toBe(true);
  });

  it('asks the second only for the leaf that is wrong at the first', async () => {
    const second = await holding('second');
    const first = await holding('first', [{ on: 'leaf', atCall: 2, fault: 'flip' }]);
    expect((await readAll(over([first, second]))).equals(pack.bytes)).toBe(true);
    expect(second.calls.get('leaf')).toBe(1);
    expect(second.calls.get('rootBlock')).toBeUndefined();
  });

  it('takes a holder at its word that finds its own copy damaged: names it, and asks the second for that leaf only', async () => {
    const whole = await holding('first');
    const rejected: BlockRejected[] = [];
    const first: PackStore = {
      ...whole,
      async *leaves(packId, at, count, options) {
        for await (const leaf of whole.leaves(packId, at, count, options)) {
          if (at <= 2 && leaf.length === mib && Buffer.compare(leaf, pack.bytes.subarray(2 * mib, 3 * mib)) === 0)
            throw new VaultError('pack_corrupt', 'leaf 2 does not match its hash');
          yield leaf;
        }
      },
    };
    const second = await holding('second');
    expect((await readAll(over([first, second], rejected))).equals(pack.bytes)).toBe(true);
    expect(rejected).toEqual([expect.objectContaining({ source: 'first', leaf: 2, code: 'block_corrupt' })]);
    expect(second.calls.get('leaf')).toBe(1);
  });

  it('gives a source up that keeps serving wrong leaves', async () => {
    const first = await holding('first', [{ on: 'leaf', atCall: 1, lasting: true, fault: 'flip' }]);
    const rejected: BlockRejected[] = [];
    expect((await readAll(over([first, await holding('second')], rejected))).equals(pack.bytes)).toBe(true);
    expect(rejected).toHaveLength(3);
  });

  it('notices a source that ends early', async () => {
    const inner = await holding('short');
    const short: PackStore = { ...inner, async *leaves(packId, first, count, options) { yield* inner.leaves(packId, first, Math.min(count, 2), options); } }; // prettier-ignore
    const rejected: BlockRejected[] = [];
    expect((await readAll(over([short, await holding('second')], rejected))).equals(pack.bytes)).toBe(true);
    expect(rejected).toEqual([expect.objectContaining({ leaf: 2, source: 'short' })]);
  });

  it.each<[string, FaultRule | undefined, FaultRule | undefined, object]>([
    [
      'wrong at one, out of reach at the other',
      { on: 'leaf', atCall: 1, lasting: true, fault: 'flip' },
      { on: 'leaf', atCall: 1, lasting: true, fault: 'fail' },
      { code: 'block_corrupt', status: 'permanent' },
    ],
    [
      'out of reach at one, not there at the other',
      { atCall: 1, lasting: true, fault: 'fail' },
      undefined,
      { code: 'source_unavailable', status: 'temporary' },
    ],
    ['nowhere', undefined, undefined, { code: 'pack_not_found', status: 'permanent' }],
  ])('names every source when all fail: %s', async (_name, first, second, expected) => {
    const one = first ? await holding('anna', [first]) : memoryPackStore({ name: 'anna' });
    const two = second ? await holding('ben', [second]) : memoryPackStore({ name: 'ben' });
    const error = await readAll(over([one, two])).then(
      () => undefined,
      (cause: unknown) => cause as Error,
    );
    expect(error).toMatchObject(expected);
    expect(error!.message).toMatch(/anna: .*ben: /);
    expect(error!.message).toContain(pack.packId);
  });

  it('says so when there is no source at all', async () => {
    await expect(over([]).rootBlock(pack.packId)).rejects.toMatchObject({ code: 'pack_not_found' });
  });

  it('stops a stalled source by the signal, without blaming it', async () => {
    for (const on of ['rootBlock', 'leaf'] as const) {
      const stop = new AbortController();
      const rejected: BlockRejected[] = [];
      const reading = readAll(over([await holding('stalled', [{ on, atCall: 1, fault: 'stall' }])], rejected), stop.signal);
      const outcome = expect(reading).rejects.toThrow('enough');
      setImmediate(() => stop.abort(new Error('enough')));
      await outcome;
      expect(rejected).toEqual([]);
    }
  });

  it('reads any range, and refuses what is not in the pack', async () => {
    const blocks = over([await holding('first')]);
    const size = pack.bytes.length;
    for (const [offset, length] of [
      [0, 42],
      [mib - 1, 2],
      [mib, mib],
      [17, 3 * mib],
      [size - 24, 24],
      [0, size],
      [5, 0],
      [size, 0],
    ] as const) {
      expect(Buffer.compare(await blocks.readRange(pack.packId, offset, length), pack.bytes.subarray(offset, offset + length))).toBe(0);
    }
    for (const [offset, length] of [
      [0, size + 1],
      [-1, 5],
      [0, -1],
      [size, 1],
      [0, Number.NaN],
      [2 ** 53, 1],
    ] as const) {
      await expect(blocks.readRange(pack.packId, offset, length)).rejects.toMatchObject({ code: 'limit_exceeded' });
    }
  });

  it('fetches a leaf once while it is kept, and only whole runs of what is missing', async () => {
    const store = await holding('first');
    const blocks = over([store], [], 3);
    await blocks.readRange(pack.packId, 1.5 * mib, 10);
    await blocks.readRange(pack.packId, 1.2 * mib - ((1.2 * mib) % 1), 5);
    expect(store.calls.get('leaf')).toBe(1);
    await blocks.readRange(pack.packId, 0, 3 * mib);
    expect(store.calls.get('leaf')).toBe(3);
    await blocks.readRange(pack.packId, 0, 3 * mib);
    expect(store.calls.get('leaf')).toBe(3);
  });
});
