import { describe, expect, it } from '@jest/globals';
import type { FileFacts } from '../platform/index.ts';
import { fileError } from '../platform/system-error.ts';
import { farLimits } from './far-limits.ts';
import { FarLooks } from './far-looks.ts';

/** How a mount works through what it was asked for. */
type Order = 'first come first' | 'last come first' | 'all at once';

/** A mount that takes so long for a name, by a clock of its own. What it says of a name is the number in it; nothing of those with `gone`. */
function slowMount(nameMs: () => number, order: Order) {
  const seen = { now: 0, most: 0, looks: 0 };
  const waiting: (() => void)[] = [];
  let busy = false;
  const factsOf = (path: Buffer): FileFacts => {
    seen.looks += 1;
    const name = path.toString();
    if (name.includes('gone')) throw fileError('ENOENT', path);
    return { kind: 'file', sizeBytes: Number(/\d+/.exec(name)![0]) } as FileFacts;
  };
  const work = async (): Promise<void> => {
    if (busy) return;
    busy = true;
    while (waiting.length > 0) {
      await new Promise((resolve) => setImmediate(resolve));
      seen.now += nameMs();
      const some = order === 'all at once' ? waiting.splice(0) : [order === 'last come first' ? waiting.pop()! : waiting.shift()!];
      for (const answer of some) answer();
    }
    busy = false;
  };
  const platform = {
    facts: (path: Buffer): FileFacts => {
      seen.now += nameMs();
      return factsOf(path);
    },
    factsLater: async (path: Buffer): Promise<FileFacts> => {
      const turn = new Promise<void>((resolve) => waiting.push(resolve));
      seen.most = Math.max(seen.most, waiting.length);
      void work();
      await turn;
      return factsOf(path);
    },
  };
  return { seen, looks: new FarLooks(platform, { now: () => seen.now, heldUpMs: () => 0 }) };
}

const pathsOf = (count: number): Buffer[] => Array.from({ length: count }, (_, i) => Buffer.from(i % 50 === 7 ? `gone ${i}` : `s${i}`));
const saidOf = (found: Awaited<ReturnType<FarLooks['factsOfFirst']>>) => found.map((one) => ('code' in one ? one.code : one.sizeBytes));
const saidOfAll = (paths: readonly Buffer[]) => paths.map((path, i) => (path.toString().startsWith('gone') ? 'file_not_found' : i));

/** As a reader does it: asks until it has all. With the longest time that one answer took. */
async function askForAll({ seen, looks }: ReturnType<typeof slowMount>, paths: readonly Buffer[]) {
  const said: (string | number)[] = [];
  const sizes: number[] = [];
  let longestMs = 0;
  while (said.length < paths.length) {
    const start = seen.now;
    const some = saidOf(await looks.factsOfFirst(paths.slice(said.length)));
    longestMs = Math.max(longestMs, seen.now - start);
    sizes.push(some.length);
    said.push(...some);
  }
  return { said, sizes, longestMs };
}

describe('names of a slow mount', () => {
  it.each<Order>(['first come first', 'last come first'])(
    'never take much longer than one name where they are answered one by one, %s',
    async (order) => {
      for (const nameMs of [300, 950, 1_100, 14_000]) {
        const mount = slowMount(() => nameMs, order);
        const paths = pathsOf(120);
        const { said, longestMs } = await askForAll(mount, paths);
        expect(said).toEqual(saidOfAll(paths));
        expect(longestMs).toBeLessThan(farLimits.answerMs + nameMs);
        expect(longestMs).toBeLessThan(farLimits.silentMs);
        expect(mount.seen.most).toBeGreaterThan(8);
        // Nothing is asked for twice.
        expect(mount.seen.looks).toBe(120);
      }
    },
  );

  it('are answered in time even when the mount becomes slow all of a sudden', async () => {
    let answers = 0;
    const mount = slowMount(() => ((answers += 1) < 60 ? 40 : 2_500), 'first come first');
    const paths = pathsOf(150);
    const { said, longestMs } = await askForAll(mount, paths);
    expect(said).toEqual(saidOfAll(paths));
    expect(longestMs).toBeLessThan(farLimits.answerMs + 2_500);
  });

  it('are asked for many at once, where they are answered so', async () => {
    const mount = slowMount(() => 100, 'all at once');
    const paths = pathsOf(1_000);
    const { said } = await askForAll(mount, paths);
    expect(said).toEqual(saidOfAll(paths));
    expect(mount.seen.most).toBe(farLimits.looksAtOnce);
    expect(mount.seen.now).toBeLessThan((1_000 * 100) / 4);
  });

  it('are at least one, whatever the clock did meanwhile', async () => {
    let now = 0;
    const platform = {
      facts: () => ({ kind: 'file', sizeBytes: 5 }) as FileFacts,
      factsLater: () => Promise.reject(new Error('not slow')),
    };
    // This process was stopped, for an hour each time.
    const looks = new FarLooks(platform, { now: () => (now += 3_600_000), heldUpMs: () => now });
    for (let i = 0; i < 10; i += 1) expect(saidOf(await looks.factsOfFirst(pathsOf(3)))).toEqual([5]);
  });

  it('that nobody asks for any more are forgotten', async () => {
    const mount = slowMount(() => 1_100, 'last come first');
    for (let i = 0; mount.seen.most < 2; i += 1) await mount.looks.factsOfFirst(pathsOf(40).slice(i));
    for (const path of ['other 1', 's3', 'other 2'])
      expect(saidOf(await mount.looks.factsOfFirst([Buffer.from(path)]))).toEqual([Number(/\d/.exec(path)![0])]);
    const { said } = await askForAll(mount, pathsOf(40));
    expect(said).toEqual(saidOfAll(pathsOf(40)));
  });
});
