import { describe, expect, it } from '@jest/globals';
import { hoursWords } from './hours-words.ts';

describe('hours at which other limits hold', () => {
  it.each([
    [[1, 2, 3, 4, 5], '08:00', '18:00', 'Monday to Friday, 08:00 to 18:00'],
    [[0, 6], '00:00', '12:00', 'Saturday and Sunday, 00:00 to 12:00'],
    [[0, 5, 6], '00:00', '12:00', 'Friday to Sunday, 00:00 to 12:00'],
    [[0, 1, 2, 3, 4, 5, 6], '22:00', '06:00', 'every day, 22:00 to 06:00 on the next day'],
    [[1, 3, 4, 5], '08:00', '08:00', 'Monday and Wednesday to Friday, all day'],
    [[2, 4, 6], '08:00', '09:30', 'Tuesday, Thursday and Saturday, 08:00 to 09:30'],
    [[], '08:00', '09:30', 'on no day, so never'],
  ])('%j from %s to %s', (days, from, to, words) => expect(hoursWords({ days, from, to })).toBe(words));
});
