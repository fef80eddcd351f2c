import type { ReadData } from '#libs/engine';
import { AgentError } from '../errors.ts';

const units: Readonly<Record<string, number>> = { '': 1, K: 1024, M: 1024 ** 2, G: 1024 ** 3, T: 1024 ** 4 };

/** `none`, `all`, `5%`, `2G`. Throws `bad_argument`. */
export function parseReadData(text: string): ReadData {
  if (text === 'none' || text === 'all') return text;
  const percent = /^(\d+(?:\.\d+)?)%$/.exec(text);
  if (percent && Number(percent[1]) > 0 && Number(percent[1]) <= 100) return { percent: Number(percent[1]) };
  const amount = /^(\d+(?:\.\d+)?)([KMGT]?)(?:i?B)?$/i.exec(text);
  const bytes = amount ? Math.floor(Number(amount[1]) * units[amount[2]!.toUpperCase()]!) : 0;
  if (bytes > 0) return { bytes };
  throw new AgentError('bad_argument', `--read-data takes nothing (all), a share such as 5%, or an amount such as 2G, not "${text}"`);
}
