import { InvalidArgumentError } from 'commander';
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

const units: Readonly<Record<string, number>> = { '': 1, k: 1024, m: 1024 ** 2, g: 1024 ** 3, t: 1024 ** 4 };

/** `500M`, `2G`, or plain bytes. */
export function byteCount(text: string): number {
  const match = /^(\d+(?:\.\d+)?)([kmgt]?)(?:i?b)?$/i.exec(text.trim());
  if (!match) throw new InvalidArgumentError('must be a size such as 500M or 2G.');
  return Math.floor(Number(match[1]) * units[match[2]!.toLowerCase()]!);
}

/** A time as people write it, in milliseconds. */
export function pauseDuration(text: string): number {
  const durationMs = parseDuration(text);
  if (durationMs === undefined || durationMs <= 0) throw new InvalidArgumentError('must be a time such as 90m, 2h, 1d or 1h30m.');
  return durationMs;
}
