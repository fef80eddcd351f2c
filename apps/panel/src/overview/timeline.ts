import type { Overview, Run } from '#libs/contracts';

const hourMs = 3_600_000;
/** A strip never shows less than this, so that one short run does not fill it. */
const minimumSpanMs = 2 * hourMs;
const wantedTicks = 4;

export interface PlacedRun {
  readonly run: Run;
  readonly leftPercent: number;
  readonly widthPercent: number;
}

/** Where each run stands on a common strip from the first start to the last end, in percent, with some full hours as ticks. */
export function placeRuns(
  lastNight: Overview['lastNight'],
  nowMs: number,
): {
  readonly ticks: readonly { readonly atMs: number; readonly leftPercent: number }[];
  readonly rows: readonly { readonly deviceId: string; readonly deviceName: string; readonly runs: readonly PlacedRun[] }[];
} {
  const rows = lastNight.filter(({ runs }) => runs.length > 0);
  const all = rows.flatMap(({ runs }) => runs);
  if (all.length === 0) return { ticks: [], rows: [] };
  const endOf = (run: Run): number => Math.max(run.endedAtMs ?? nowMs, run.startedAtMs);
  const last = Math.max(...all.map(endOf));
  const from = Math.floor(Math.min(...all.map(({ startedAtMs }) => startedAtMs), last - minimumSpanMs) / hourMs) * hourMs;
  const to = Math.ceil(last / hourMs) * hourMs;
  const percent = (atMs: number): number => ((atMs - from) / (to - from)) * 100;
  const step = Math.max(1, Math.ceil((to - from) / hourMs / wantedTicks)) * hourMs;
  const ticks: { atMs: number; leftPercent: number }[] = [];
  for (let atMs = from; atMs <= to; atMs += step) ticks.push({ atMs, leftPercent: percent(atMs) });
  return {
    ticks,
    rows: rows.map(({ deviceId, deviceName, runs }) => ({
      deviceId,
      deviceName,
      runs: runs.map((run) => ({
        run,
        leftPercent: percent(run.startedAtMs),
        widthPercent: percent(endOf(run)) - percent(run.startedAtMs),
      })),
    })),
  };
}
