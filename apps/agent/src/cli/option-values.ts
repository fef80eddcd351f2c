import { InvalidArgumentError } from 'commander';
import { parseAmount } from '../backup/amount.ts';
import { parseDuration } from '../manners/duration.ts';

/** Repeatable options gather their values. */
export const gather = (value: string, before: string[] = []): string[] => [...before, value];

/** `--snapshot`. */
export function snapshotNumber(text: string): number | 'latest' {
  if (text === 'latest') return text;
  const number = Number(text);
  if (!Number.isSafeInteger(number) || number < 1)
    throw new InvalidArgumentError('must be "latest" or a number from "holdfast snapshots".');
  return number;
}

/** A number of snapshots or days. */
export function howMany(text: string): number {
  const number = Number(text);
  if (!Number.isSafeInteger(number) || number < 0 || text.trim() === '')
    throw new InvalidArgumentError('must be a whole number, 0 or more.');
  return number;
}

/** A TCP port; 0 is any free one. */
export function portNumber(text: string): number {
  const number = Number(text);
  if (!Number.isSafeInteger(number) || number < 0 || number > 65_535 || text.trim() === '')
    throw new InvalidArgumentError('must be a port, 0 to 65535.');
  return number;
}

/** `500M`, `2G`, or plain bytes; 0 where an option means by it: nothing. */
export function byteCount(text: string): number {
  const bytes = text.trim() === '0' ? 0 : parseAmount(text);
  if (bytes === undefined) throw new InvalidArgumentError('must be a size such as 500M or 2G.');
  return bytes;
}

/** A time as people write it, in milliseconds. */
export function pauseDuration(text: string): number {
  const durationMs = parseDuration(text);
  if (durationMs === undefined || durationMs <= 0) throw new InvalidArgumentError('must be a time such as 90m, 2h, 1d or 1h30m.');
  return durationMs;
}
