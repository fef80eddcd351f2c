import { describe, expect, it } from '@jest/globals';
import { execFileSync } from 'node:child_process';

/** In a process of its own, whose settings nobody has touched yet. What is logged: the number of the settings that compiled code is taken under. */
function tags(script: string): number[] {
  const modules = `
    import { cachedDataVersionTag } from 'node:v8';
    import { keepHeapSmall, keepHeapSmallOnce } from ${JSON.stringify(new URL('./small-heap.ts', import.meta.url).href)};
    const log = () => console.log(cachedDataVersionTag());`;
  const out = execFileSync(process.execPath, ['--conditions=holdfast-source', '--input-type=module', '-e', modules + script], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  return out.trim().split('\n').map(Number);
}

describe('a small heap', () => {
  it('waits while threads start, so that they take what is compiled already', () => {
    const [atStart, small, starting, started] = tags(`
      log(); keepHeapSmall(); log();
      const threads = Promise.withResolvers();
      const kept = keepHeapSmallOnce(threads.promise); log();
      threads.resolve(); await kept; log();`);
    expect(small).not.toBe(atStart);
    expect(starting).toBe(atStart);
    expect(started).toBe(small);
  });

  it('comes back when a thread did not start', () => {
    const [small, starting, failed] = tags(`
      keepHeapSmall(); log();
      const kept = keepHeapSmallOnce(Promise.reject(new Error('no thread'))); log();
      await kept.catch(() => {}); log();`);
    expect(starting).not.toBe(small);
    expect(failed).toBe(small);
  });
});
