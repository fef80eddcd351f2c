import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { LeafRun, Pace } from './leaf-board.ts';
import { LeafBoard } from './leaf-board.ts';
import { fallsBehind, patience, SourcePace } from './source-pace.ts';

const pace = (leafMs: number | undefined, waitingSinceMs = 0): Pace => ({ leafMs, waitingSinceMs });

describe('LeafBoard', () => {
  it('gives the whole pack to a source that is alone, and parts of it to several', () => {
    const alone = new LeafBoard<string>([{ first: 0, count: 64 }]);
    expect(alone.take('a', true, undefined, new Map(), 0)).toEqual({ next: 0, end: 64 });
    const shared = new LeafBoard<string>([{ first: 0, count: 64 }]);
    expect(shared.take('a', false, undefined, new Map(), 0)).toEqual({ next: 0, end: 4 });
    expect(shared.take('b', false, 100, new Map(), 0)).toEqual({ next: 4, end: 24 });
    expect(shared.take('c', false, 5_000, new Map(), 0)).toEqual({ next: 24, end: 25 });
  });

  it('takes over the second half of what the slowest has before it, then the very leaf it waits for', () => {
    const board = new LeafBoard<string>([{ first: 0, count: 9 }]);
    const run = board.take('slow', true, undefined, new Map(), 0)!;
    const paces = new Map([['slow', pace(1_000)]]);
    expect(board.take('fast', false, 10, paces, 100)).toEqual({ next: 5, end: 9 });
    expect(run.end).toBe(5);
    for (let leaf = 5; leaf < 9; leaf += 1) board.came('fast', leaf);
    board.release('fast');
    expect(board.take('fast', false, 10, paces, 200)).toEqual({ next: 3, end: 5 });
    for (const leaf of [3, 4]) board.came('fast', leaf);
    board.release('fast');
    expect(board.take('fast', false, 10, paces, 300)).toEqual({ next: 2, end: 3 });
    board.came('fast', 2);
    board.release('fast');
    expect(board.take('fast', false, 10, paces, 400)).toEqual({ next: 1, end: 2 });
    board.came('fast', 1);
    board.release('fast');
    // Only the leaf under way is left: it is worth asking for twice once it takes long.
    expect(board.take('fast', false, 10, paces, 500)).toBeUndefined();
    expect(board.take('fast', false, 10, paces, 3_000)).toEqual({ next: 0, end: 1 });
    board.came('fast', 0);
    expect(board.finished).toBe(true);
  });

  it('leaves a rest alone that comes soon, or that the other would bring no sooner', () => {
    const board = new LeafBoard<string>([{ first: 0, count: 8 }]);
    board.take('a', true, undefined, new Map(), 0);
    expect(board.take('b', false, 1, new Map([['a', pace(10)]]), 5)).toBeUndefined();
    expect(board.take('b', false, 60_000, new Map([['a', pace(1_000)]]), 5)).toBeUndefined();
  });

  it('frees what a dropped source leaves behind, once', () => {
    const board = new LeafBoard<string>([{ first: 2, count: 3 }, { first: 9, count: 1 }]); // prettier-ignore
    board.take('a', true, undefined, new Map(), 0);
    board.came('a', 2);
    board.release('a');
    const runs: (LeafRun | undefined)[] = [];
    for (let run; (run = board.take('b', true, 1, new Map(), 0));) {
      runs.push({ ...run });
      for (let leaf = run.next; leaf < run.end;) board.came('b', leaf++);
      board.release('b');
    }
    expect(runs.flatMap((run) => Array.from({ length: run!.end - run!.next }, (_, i) => run!.next + i)).sort((a, b) => a - b)).toEqual([
      3, 4, 9,
    ]);
    expect(board.finished).toBe(true);
  });

  it('brings every leaf, whatever the sources do, as long as one of them works', () => {
    const step = fc.record({ source: fc.nat(2), does: fc.constantFrom('leaf', 'break', 'idle'), ms: fc.nat(2_000) });
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 40 }), fc.array(step, { maxLength: 200 }), (count, steps) => {
        const board = new LeafBoard<number>([{ first: 0, count }]);
        const runs = new Map<number, LeafRun>();
        const paces = new Map<number, SourcePace>();
        const got = new Set<number>();
        let nowMs = 0;
        const act = (source: number, does: string): void => {
          let run = runs.get(source);
          if (!run) {
            run = board.take(source, false, paces.get(source)?.leafMs, paces, nowMs);
            if (!run) return;
            runs.set(source, run);
            if (!paces.has(source)) paces.set(source, new SourcePace(nowMs));
            paces.get(source)!.asked(nowMs);
          }
          if (does === 'leaf' && run.next < run.end) {
            got.add(run.next);
            paces.get(source)!.came(nowMs);
            board.came(source, run.next);
          }
          if (does === 'break' || run.next >= run.end) {
            board.release(source);
            runs.delete(source);
          }
        };
        for (const { source, does, ms } of steps) {
          nowMs += ms;
          act(source, does);
        }
        for (let guard = 0; !board.finished && guard < 10_000; guard += 1) {
          nowMs += 1_000;
          act(3, 'leaf');
        }
        expect(board.finished).toBe(true);
        expect(got.size).toBe(count);
        expect(board.left).toBe(0);
      }),
      { numRuns: 300 },
    );
  });
});

describe('a source that falls behind', () => {
  it.each<[string, number, (number | undefined)[], boolean]>([
    ['waits a little', patience.leastMs, [10], false],
    ['waits too long', patience.leastMs + 1, [10], true],
    ['is as slow as all', 10_000, [2_000, 3_000], false],
    ['is far slower than the best of slow ones', 16_001, [2_000, 30_000], true],
    ['is the only one', 60_000, [], false],
    ['is among others that brought nothing yet', 60_000, [undefined], false],
  ])('%s', (_name, waitedMs, others, expected) => {
    expect(fallsBehind(pace(undefined), others.map((ms) => pace(ms)), waitedMs)).toBe(expected); // prettier-ignore
  });
});
