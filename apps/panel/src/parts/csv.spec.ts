import { describe, expect, it } from '@jest/globals';
import { csvField, csvText, csvTime } from './csv.ts';

describe('CSV', () => {
  it.each([
    ['plain', 'plain'],
    ['a,b', '"a,b"'],
    ['say "hi"', '"say ""hi"""'],
    ['two\nlines', '"two\nlines"'],
    ['=HYPERLINK("x")', `"'=HYPERLINK(""x"")"`],
    ['-5', "'-5"],
    [-5, '-5'],
    [null, ''],
    [true, 'true'],
  ])('%j becomes %s', (value, field) => expect(csvField(value)).toBe(field));

  it('ends every row and writes times in UTC', () => {
    expect(
      csvText([
        ['a', 'b'],
        [1, csvTime(0)],
      ]),
    ).toBe('a,b\r\n1,1970-01-01T00:00:00.000Z\r\n');
    expect(csvTime(null)).toBe('');
  });
});
