import type { Measured } from './measure.ts';
import { median } from './measure.ts';
import type { Compression } from './tools/tool.ts';

/** One tool at one workload: a run a round. */
export interface Row {
  readonly label: string;
  readonly compression: Compression;
  readonly tool: string;
  readonly runs: Measured[];
  storedMiB?: number;
}

/** The row of that key, made when there is none. */
export function rowOf(rows: Row[], key: Pick<Row, 'label' | 'compression' | 'tool'>): Row {
  const found = rows.find((row) => row.label === key.label && row.compression === key.compression && row.tool === key.tool);
  if (found) return found;
  rows.push({ ...key, runs: [] });
  return rows.at(-1)!;
}

/** How many times as long `other` takes as `own`: the median over pairs of the same round. */
export function pairedRatio(other: Row, own: Row): number {
  return median(other.runs.map((run, n) => run.wallSeconds / own.runs[n]!.wallSeconds));
}

export const seconds = (row: Row): number => median(row.runs.map((run) => run.wallSeconds));
export const cpu = (row: Row): number => median(row.runs.map((run) => run.cpuSeconds));
/** The worst of all runs: memory is a promise, not a mean. */
export const peak = (row: Row): number => Math.max(...row.runs.map((run) => run.peakMiB));
