import { describe, expect, it } from '@jest/globals';
import { summaryWords } from './summary-words.ts';

describe('figures of a restore in words', () => {
  it.each([
    [{ files: 1200 }, { name: 'Files', value: '1,200' }],
    [{ bytesRestored: 1500 }, { name: 'Bytes restored', value: '1.50 kB' }],
    [{ durationMs: 61_000 }, { name: 'Duration', value: '1 min' }],
    [{ verified: true }, { name: 'Verified', value: 'yes' }],
    [{ destination: '/x' }, { name: 'Destination', value: '/x' }],
  ])('%o', (summary, words) => expect(summaryWords(summary)).toEqual([words]));

  it('has nothing to say about nothing', () => expect(summaryWords(null)).toEqual([]));
});
