/** A cron expression with its fields as sorted lists of the values on which they match. */
export interface CronExpression {
  readonly seconds: readonly number[];
  readonly minutes: readonly number[];
  readonly hours: readonly number[];
  readonly days: readonly number[];
  readonly months: readonly number[];
  /** 0 is Sunday. */
  readonly weekdays: readonly number[];
}

const months = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'];
const weekdays = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'];

interface FieldRule {
  readonly key: keyof CronExpression;
  readonly word: string;
  readonly min: number;
  readonly max: number;
  readonly names?: readonly string[];
}

const rules: readonly FieldRule[] = [
  { key: 'seconds', word: 'second', min: 0, max: 59 },
  { key: 'minutes', word: 'minute', min: 0, max: 59 },
  { key: 'hours', word: 'hour', min: 0, max: 23 },
  { key: 'days', word: 'day of the month', min: 1, max: 31 },
  { key: 'months', word: 'month', min: 1, max: 12, names: months },
  { key: 'weekdays', word: 'day of the week', min: 0, max: 7, names: weekdays },
];

function fieldValue(text: string, rule: FieldRule): number {
  const named = rule.names?.findIndex((name) => text.toLowerCase().startsWith(name)) ?? -1;
  if (named >= 0) return named + (rule.key === 'months' ? 1 : 0);
  if (!/^\d{1,2}$/.test(text)) throw new RangeError(`“${text}” is not a ${rule.word}`);
  const value = Number(text);
  if (value < rule.min || value > rule.max) throw new RangeError(`${rule.word} ${value} is outside ${rule.min} to ${rule.max}`);
  return value;
}

function parseField(text: string, rule: FieldRule): number[] {
  const values = new Set<number>();
  for (const part of text.split(',')) {
    const [range = '', step, ...rest] = part.split('/');
    if (rest.length > 0 || range === '' || (step !== undefined && !/^[1-9]\d?$/.test(step)))
      throw new RangeError(`“${part}” is not a ${rule.word}`);
    const [from, to] =
      range === '*'
        ? [rule.min, rule.key === 'weekdays' ? 6 : rule.max]
        : range.includes('-')
          ? range.split('-', 2).map((end) => fieldValue(end, rule))
          : [fieldValue(range, rule), fieldValue(range, rule)];
    if (from === undefined || to === undefined || from > to) throw new RangeError(`“${part}” counts backwards`);
    for (let value = from; value <= to; value += Number(step ?? 1)) values.add(rule.key === 'weekdays' ? value % 7 : value);
  }
  return [...values].toSorted((a, b) => a - b);
}

/** Reads 5 fields, or 6 with seconds first. Throws RangeError with words for the person who typed it. */
export function parseCron(text: string): CronExpression {
  const fields = text.trim().split(/\s+/);
  if (fields.length < 5 || fields.length > 6)
    throw new RangeError(`a schedule has 5 fields (or 6 with seconds), this has ${text.trim() === '' ? 0 : fields.length}`);
  const all = fields.length === 5 ? ['0', ...fields] : fields;
  const parsed: Record<keyof CronExpression, number[]> = { seconds: [], minutes: [], hours: [], days: [], months: [], weekdays: [] };
  for (const [i, rule] of rules.entries()) parsed[rule.key] = parseField(all[i] ?? '', rule);
  return parsed;
}
