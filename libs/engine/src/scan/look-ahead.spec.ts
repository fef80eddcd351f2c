import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { dirname } from 'node:path';
import { seededRandom } from '#libs/kernel/testing';
import type { FarReaders } from '../far/far-readers.ts';
import { displayPath } from '../platform/index.ts';
import { type AskedOfTree, type TreeNode, treePlatform } from '../testing/tree-platform.ts';
import { type ExcludeRules, matchableName } from './exclude-rules.ts';
import { scanLimits } from './limits.ts';
import { LookAhead, type ScanClock } from './look-ahead.ts';
import { FolderScanner, type ScanOptions } from './scan-folder.ts';

/** Each look at the clock moves it by so much, until it stands still: a call that is timed takes that long. Beyond 0.2 ms the file system counts as slow. */
const ticking = (stepMs: number, untilMs = Number.POSITIVE_INFINITY): ScanClock => {
  let now = 0;
  return { now: () => (now = Math.min(now + stepMs, untilMs)), heldUpMs: () => 0 };
};

/** Resolves after some turns of the event loop, in another order than asked. */
function scrambled(seed: number): () => Promise<void> {
  const random = seededRandom(seed);
  return async () => {
    for (let turns = random.bytes(1)[0]! % 4; turns >= 0; turns -= 1) await new Promise((resolve) => setImmediate(resolve));
  };
}

/** A whole walk as the backup does it: depth first, in order. One line for each thing that is found. `reached`: called with each name that the walk is at. */
async function walk(
  top: TreeNode,
  options: ScanOptions,
  clock: ScanClock,
  seed: number,
  reached: (below: string, asked: AskedOfTree) => Promise<void> = async () => undefined,
): Promise<{ lines: string[]; asked: AskedOfTree }> {
  const { platform, asked } = treePlatform(top, scrambled(seed));
  const scanner = new FolderScanner(platform, { defaultExcludes: false, ...options }, 1n, clock);
  const lines: string[] = [];
  const visit = async (path: Buffer, below: string, rules: ExcludeRules, sizeBytes: number): Promise<void> => {
    const scanned = await scanner.scan(path, below, rules, { sizeBytes });
    lines.push(`${displayPath(path)}: readable ${scanned.readable}, excluded ${scanned.excluded}, misses mount ${scanned.missesMount}`);
    for (const { path: at, code } of [...scanned.problems, ...scanned.notes]) lines.push(`${at}: ${code}`);
    const level = scanner.enter(path, scanned);
    for (const [i, { name, facts, far }] of scanned.entries.entries()) {
      level.reached(i);
      const inner = below === '' ? matchableName(name) : `${below}/${matchableName(name)}`;
      await reached(inner, asked);
      lines.push(`${inner} ${facts.kind} ${facts.sizeBytes} ${facts.device} ${facts.inode} ${far ? 'far' : 'here'}`);
      if (facts.kind === 'directory' && !far) await visit(platform.join(path, name), inner, scanned.rules, facts.sizeBytes);
    }
    scanner.leave(level);
  };
  await visit(Buffer.from('/top'), '', scanner.startRules(), 4096);
  return { lines, asked };
}

const usualNames = ['a', 'a.tmp', 'b', 'B', 'ä', 'c d', 'keep', 'x-1', 'x-2', 'x-10', 'y', 'z', 'zz', '.hidden'];
const leaf = (name: string): fc.Arbitrary<TreeNode> =>
  fc.oneof(
    {
      weight: 6,
      arbitrary: fc.record({ name: fc.constant(name), kind: fc.constant('file' as const), content: fc.string({ maxLength: 9 }) }),
    },
    fc.constantFrom<TreeNode>(
      { name, kind: 'symlink' },
      { name, kind: 'fifo' },
      { name, kind: 'socket' },
      // Two names of one file, in whatever folders.
      { name, kind: 'file', content: 'linked', inode: 77n },
      { name, kind: 'file', lookFails: 'file_not_found' },
      { name, kind: 'file', lookFails: 'access_denied' },
      { name, kind: 'file', lookFails: 'io_failed' },
    ),
  );
const special = fc.constantFrom<TreeNode>(
  { name: '.holdfastignore', kind: 'file', content: '*.tmp\n/b\nx-*/\n!keep\n' },
  { name: '.holdfastignore', kind: 'symlink' },
  { name: 'CACHEDIR.TAG', kind: 'file', content: 'Signature: 8a477f597d28d172789f06886806bc55\n' },
);
const uniqueNames = (nodes: readonly TreeNode[]): TreeNode[] => [...new Map(nodes.map((node) => [node.name, node])).values()];
const name = fc.constantFrom(...usualNames);
const folders: fc.Memo<TreeNode> = fc.memo((depth) => {
  const inside = fc
    .tuple(
      fc.array(depth > 1 ? fc.oneof(name.chain(leaf), folders(depth - 1)) : name.chain(leaf), { maxLength: 9 }),
      fc.option(special, { freq: 6 }),
    )
    .map(([nodes, one]) => uniqueNames(one ? [...nodes, one] : nodes));
  const how = fc.oneof(
    { weight: 8, arbitrary: fc.constant({}) },
    fc.constantFrom<Partial<TreeNode>>(
      { listFails: 'file_not_found' },
      { listFails: 'access_denied' },
      // A link or a file took its place after it was looked at.
      { listFails: 'not_a_folder' },
      { device: 2n },
      { sizeBytes: 0 },
      { sizeBytes: scanLimits.smallFolderBytes + 1 },
    ),
  );
  return fc
    .tuple(name, inside, how)
    .map(([called, nodes, more]): TreeNode => ({ name: called, kind: 'directory', inside: nodes, ...more }));
});
const tops = fc
  .array(folders(3), { minLength: 4, maxLength: 12 })
  .map((nodes): TreeNode => ({ name: 'top', kind: 'directory', inside: uniqueNames(nodes) }));

describe('looking ahead', () => {
  it('finds exactly what a walk finds that does one thing after the other, and lists nothing else', async () => {
    let ahead = 0;
    let anew = 0;
    await fc.assert(
      fc.asyncProperty(
        tops,
        fc.record({
          oneFileSystem: fc.boolean(),
          excludes: fc.constantFrom<readonly string[]>([], ['a/'], ['*', '!keep', '!z']),
          maxFileBytes: fc.constantFrom(5, 1e9),
        }),
        fc.constantFrom(20, 60),
        fc.nat(),
        async (top, options, stepMs, seed) => {
          const quick = await walk(top, options, ticking(0), seed);
          // Nothing gets too old in it.
          const slow = await walk(top, options, ticking(stepMs, scanLimits.aheadForMs), seed);
          expect(slow.lines).toEqual(quick.lines);
          expect(slow.asked.listed.toSorted()).toEqual(quick.asked.listed.toSorted());
          const listed = new Set(quick.asked.listed);
          expect(slow.asked.looked.filter((path) => !listed.has(path) && !listed.has(dirname(path)))).toEqual([]);
          if (slow.asked.most > 1) ahead += 1;
          const older = await walk(top, options, ticking(stepMs), seed);
          expect(older.lines).toEqual(quick.lines);
          expect(new Set(older.asked.listed)).toEqual(listed);
          expect(older.asked.looked.filter((path) => !listed.has(path) && !listed.has(dirname(path)))).toEqual([]);
          if (older.asked.listed.length > quick.asked.listed.length) anew += 1;
        },
      ),
      { numRuns: 150 },
    );
    // Else nothing was compared.
    expect(ahead).toBeGreaterThan(20);
    expect(anew).toBeGreaterThan(5);
  });

  it('never looks at a far mount, or into it, before the walk is there', async () => {
    const box = (called: string, ...inside: TreeNode[]): TreeNode => ({ name: called, kind: 'directory', inside });
    const boxes = Array.from({ length: 30 }, (_, i) =>
      box(`box-${i}`, box('mount', box('below')), box('other', { name: 'x', kind: 'file' })),
    );
    const reader = { facts: async () => ({ kind: 'directory', device: 9n, inode: 1n, sizeBytes: 4096 }) };
    const far = {
      pointsIn: (path: Buffer) => (/box-\d+$/.test(path.toString()) ? new Map([['mount', {}]]) : undefined),
      readerOf: () => reader,
    } as unknown as FarReaders;
    const { asked, lines } = await walk(box('top', ...boxes), { far }, ticking(5), 1);
    expect(asked.most).toBeGreaterThan(4);
    expect(lines.filter((line) => line.endsWith('far'))).toHaveLength(30);
    expect([...asked.listed, ...asked.looked].filter((path) => path.includes('mount'))).toEqual([]);
  });

  describe('in a tree that people work in', () => {
    const file = (called: string, content: string): TreeNode => ({ name: called, kind: 'file', content });
    const nameOf = (i: number): string => `f${String(i).padStart(2, '0')}`;

    /**
     * The walk stays at `f20` for so long. Then a file is saved and one changed in `f22`, which has been seen by then, and one moved there from `f38`, which has not. What the walk
     * finds in both, and what was listed of them before and in all.
     */
    async function workedIn(stayMs: number) {
      const insides = Array.from({ length: 40 }, (_, i): TreeNode[] => [
        file('old', 'as it was'),
        ...(i === 38 ? [file('moved', 'm')] : []),
      ]);
      const inside = insides.map((nodes, i): TreeNode => ({ name: nameOf(i), kind: 'directory', inside: nodes }));
      // A slow disk, until the walk goes by that; then time passes only at f20.
      let now = 0;
      let stepMs = 10;
      const clock: ScanClock = { now: () => (now += stepMs), heldUpMs: () => 0 };
      const worked = (path: string): boolean => path === '/top/f22' || path === '/top/f38';
      let before: string[] = [];
      const { lines, asked } = await walk({ name: 'top', kind: 'directory', inside }, {}, clock, 1, async (below, sofar) => {
        if (sofar.listed.some((path) => path > `/top/${below}`)) stepMs = 0;
        if (below !== 'f20') return;
        // Whoever looks ahead is through with what there is to do.
        for (let turn = 0; turn < 200; turn += 1) await new Promise((resolve) => setImmediate(resolve));
        before = sofar.listed.filter(worked);
        now += stayMs;
        insides[22]!.splice(0, 1, file('old', 'changed'), file('saved', 'new'), insides[38]!.pop()!);
      });
      const found = lines.filter((line) => /^f(22|38)\//.test(line)).map((line) => line.split(' ').slice(0, 3).join(' '));
      return { found, before, listed: asked.listed.filter(worked), all: asked.listed.length };
    }

    it('finds what was saved, changed and moved while the walk was held up elsewhere', async () => {
      const { found, before, listed, all } = await workedIn(scanLimits.aheadForMs + 1);
      expect(before).toEqual(['/top/f22']);
      expect(found).toEqual(['f22/moved file 1', 'f22/old file 7', 'f22/saved file 3', 'f38/old file 9']);
      expect(listed).toEqual(['/top/f22', '/top/f22', '/top/f38']);
      // No more than what had been listed ahead by then is listed once more.
      expect(all).toBeLessThanOrEqual(41 + scanLimits.aheadInFolder);
    });

    it('uses what is not too old', async () => {
      const { found, listed, all } = await workedIn(scanLimits.aheadForMs);
      expect(found).toEqual(['f22/old file 9', 'f38/old file 9']);
      expect(listed).toEqual(['/top/f22', '/top/f38']);
      expect(all).toBe(41);
    });
  });

  it('keeps to its bounds in a wide and deep tree', async () => {
    const wide = (called: string, count: number, ...more: TreeNode[]): TreeNode => ({
      name: called,
      kind: 'directory',
      inside: [...Array.from({ length: count }, (_, i): TreeNode => ({ name: `f${i}`, kind: 'directory', inside: [] })), ...more],
    });
    let top = wide('g', 40);
    for (let depth = 0; depth < 20; depth += 1) top = wide(depth === 19 ? 'top' : 'g', 40, top);
    const { foldersAtOnce, looksAtOnce } = scanLimits;
    let most = 0;
    // How much of it happens ahead depends on when the clock says what.
    for (const stepMs of [4, 6, 8, 10]) {
      const { asked, lines } = await walk(top, {}, ticking(stepMs), 3);
      expect(lines.filter((line) => line.includes(': readable true'))).toHaveLength(40 * 21 + 21);
      most = Math.max(most, asked.most);
      // What gives way is listed once more; that must stay rare.
      expect(asked.listed.length).toBeLessThan(1.3 * (40 * 21 + 21));
    }
    expect(most).toBeGreaterThan(foldersAtOnce);
    expect(most).toBeLessThanOrEqual((foldersAtOnce + 1) * looksAtOnce);
  });

  it('lists at most so many folders that the walk has not come to', async () => {
    const { platform, asked } = treePlatform(
      { name: 'top', kind: 'directory', inside: Array.from({ length: 500 }, (_, i) => ({ name: `f${i}`, kind: 'directory', inside: [] })) },
      () => Promise.resolve(),
    );
    let now = 0;
    let stepMs = 60;
    const lookAhead = new LookAhead(platform, () => false, { now: () => (now += stepMs), heldUpMs: () => 0 });
    const folder = Buffer.from('/top');
    const entries = Array.from({ length: 500 }, (_, i) => ({
      name: Buffer.from(`f${i}`),
      facts: platform.facts(Buffer.from(`/top/f${i}`)),
    }));
    for (let i = 0; i < scanLimits.slowCalls; i += 1) await lookAhead.list(folder, 1);
    stepMs = 0;
    asked.listed.length = 0;
    const level = lookAhead.enter(folder, entries);
    for (let turn = 0; turn < 50; turn += 1) await new Promise((resolve) => setImmediate(resolve));
    expect(asked.listed).toHaveLength(scanLimits.aheadInFolder);
    lookAhead.leave(level);
  });
});
