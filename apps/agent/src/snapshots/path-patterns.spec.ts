import { describe, expect, it } from '@jest/globals';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { PathPatterns } from './path-patterns.ts';

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;
const heapBytes = (): number => {
  collectGarbage();
  return process.memoryUsage().heapUsed;
};

describe('patterns over the paths of a snapshot', () => {
  it('match names anywhere, paths from the top, folders, and nothing without any', () => {
    const patterns = new PathPatterns(['*.odt', '/home/ada/x', 'old/'], { ignoreCase: false });
    const asked = ['a/b.odt', 'b.ODT', 'home/ada/x', 'home/ada/x/below', 'ada/x', 'old', 'old/', 'old/file'];
    expect(asked.filter((path) => patterns.match(path))).toEqual(['a/b.odt', 'home/ada/x', 'home/ada/x/below', 'old/', 'old/file']);
    expect(new PathPatterns(['*.odt'], { ignoreCase: true }).match('b.ODT')).toBe(true);
    expect(new PathPatterns([], { ignoreCase: true }).match('b')).toBe(false);
  });

  it('take no more memory for many paths than for few, and answer the same', () => {
    const patterns = new PathPatterns(['/home/**/wanted*'], { ignoreCase: true });
    const before = heapBytes();
    let matches = 0;
    for (let i = 0; i < 120_000; i += 1)
      if (patterns.match(`home/ada/folder ${i % 100}/${i % 1_000 === 0 ? 'wanted' : 'file'} number ${i}`)) matches += 1;
    expect(matches).toBe(120);
    // 20,000 remembered paths at most, where all of them take 17 MiB.
    expect(heapBytes() - before).toBeLessThan(8 * 1024 * 1024);
    expect(patterns.match('home/x/wanted')).toBe(true);
  });
});
