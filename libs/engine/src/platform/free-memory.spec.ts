import { describe, expect, it } from '@jest/globals';
import { freeMemoryTrim } from './free-memory.ts';

describe('free memory of the C library', () => {
  const isGlibc = 'glibcVersionRuntime' in (process.report.getReport() as { header: object }).header;

  it('can be given back wherever it is glibc', () => {
    const trim = freeMemoryTrim();
    expect(trim !== undefined).toBe(isGlibc);
    expect(() => trim?.()).not.toThrow();
  });
});
