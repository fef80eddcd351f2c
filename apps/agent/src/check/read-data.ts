import type { ReadData } from '#libs/engine';
import { parseAmount } from '../backup/amount.ts';
import { AgentError } from '../errors.ts';

/** `none`, `all`, `5%`, `2G`. Throws `bad_argument`. */
export function parseReadData(text: string): ReadData {
  if (text === 'none' || text === 'all') return text;
  const percent = /^(\d+(?:\.\d+)?)%$/.exec(text);
  if (percent && Number(percent[1]) > 0 && Number(percent[1]) <= 100) return { percent: Number(percent[1]) };
  const bytes = parseAmount(text);
  if (bytes !== undefined) return { bytes };
  throw new AgentError('bad_argument', `--read-data takes nothing (all), a share such as 5%, or an amount such as 2G, not "${text}"`);
}
