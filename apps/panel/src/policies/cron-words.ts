import { parseCron } from './cron-expression.ts';

const dayNames = ['Sunday', 'Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday'];
const monthNames = [
  'January',
  'February',
  'March',
  'April',
  'May',
  'June',
  'July',
  'August',
  'September',
  'October',
  'November',
  'December',
];
const list = new Intl.ListFormat('en', { type: 'conjunction' });
const pad = (value: number): string => String(value).padStart(2, '0');

function everyStep(values: readonly number[], min: number, size: number): number | undefined {
  if (values.length < 2 || values[0] !== min) return undefined;
  const step = values[1]! - min;
  return size % step === 0 && values.length === size / step && values.every((value, i) => value === min + i * step) ? step : undefined;
}

const every = (step: number, unit: string): string => (step === 1 ? `every ${unit}` : `every ${step} ${unit}s`);

function timeWords(seconds: readonly number[], minutes: readonly number[], hours: readonly number[]): string {
  const hourStep = everyStep(hours, 0, 24);
  const minuteStep = everyStep(minutes, 0, 60);
  const secondStep = everyStep(seconds, 0, 60);
  const within =
    hourStep === 1
      ? ''
      : hourStep === undefined
        ? ` during the hour${hours.length > 1 ? 's' : ''} ${list.format(hours.map((h) => `${pad(h)}:00`))}`
        : ` of every ${hourStep} hours`;
  if (secondStep !== undefined && minuteStep === 1) return `${every(secondStep, 'second')}${within}`;
  if (minuteStep !== undefined) return `${every(minuteStep, 'minute')}${within}`;
  const second = seconds.length === 1 && seconds[0] !== 0 ? `:${pad(seconds[0]!)}` : '';
  if (hourStep !== undefined) return `${every(hourStep, 'hour')} at ${list.format(minutes.map((m) => `${pad(m)}${second}`))} minutes past`;
  const times = hours.flatMap((h) => minutes.map((m) => `${pad(h)}:${pad(m)}${second}`));
  return times.length > 6 ? `at ${times.length} times from ${times[0]!} to ${times.at(-1)!}` : `at ${list.format(times)}`;
}

function dayWords(days: readonly number[], months: readonly number[], weekdays: readonly number[]): string {
  const parts: string[] = [];
  if (weekdays.length < 7) {
    const joined = weekdays.join();
    parts.push(
      joined === '1,2,3,4,5'
        ? 'on working days (Monday to Friday)'
        : joined === '0,6'
          ? 'on Saturday and Sunday'
          : `on ${list.format(weekdays.map((d) => dayNames[d]!))}`,
    );
  }
  if (days.length < 31)
    parts.push(`on day ${days.length > 8 ? `${days[0]} to ${days.at(-1)}` : list.format(days.map(String))} of the month`);
  if (months.length < 12) parts.push(`in ${list.format(months.map((m) => monthNames[m - 1]!))}`);
  return parts.length === 0 ? 'every day' : parts.join(', only ');
}

/** A schedule in plain words: `At 18:00 and 22:00, on working days (Monday to Friday)`. Throws RangeError like {@link parseCron}. */
export function cronWords(text: string): string {
  const { seconds, minutes, hours, days, months, weekdays } = parseCron(text);
  const time = timeWords(seconds, minutes, hours);
  const day = dayWords(days, months, weekdays);
  const words = time.startsWith('every') && day === 'every day' ? time : `${time}, ${day}`;
  return words.charAt(0).toUpperCase() + words.slice(1);
}
