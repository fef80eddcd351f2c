import type { LimitHours } from '#libs/contracts';

const names = ['Sunday', 'Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday'] as const;
/** As people read a week: Monday first. */
const week = [1, 2, 3, 4, 5, 6, 0] as const;

/** When limits hold, in words: `Monday to Friday, 08:00 to 18:00`. An end that is no later than the start is on the next day. */
export function hoursWords({ days, from, to }: Pick<LimitHours, 'days' | 'from' | 'to'>): string {
  if (days.length === 0) return 'on no day, so never';
  const when = from === to ? 'all day' : from < to ? `${from} to ${to}` : `${from} to ${to} on the next day`;
  return `${dayWords(days)}, ${when}`;
}

function dayWords(days: readonly number[]): string {
  const chosen = week.filter((day) => days.includes(day));
  if (chosen.length === 7) return 'every day';
  const runs: number[][] = [];
  for (const day of chosen) {
    const run = runs.at(-1);
    if (run !== undefined && week.indexOf(run.at(-1) as 0) + 1 === week.indexOf(day)) run.push(day);
    else runs.push([day]);
  }
  const words = runs.flatMap((run) => (run.length > 2 ? [`${names[run[0]!]} to ${names[run.at(-1)!]}`] : run.map((day) => names[day]!)));
  return words.length === 1 ? words[0]! : `${words.slice(0, -1).join(', ')} and ${words.at(-1)!}`;
}
