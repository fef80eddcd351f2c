import type { ProgressEvent } from './command-event.ts';
import { formatBytes, formatDuration, printable } from './format.ts';

/** The rate is that of the last seconds: long enough to be calm, short enough to follow. */
const rateWindowMs = 8_000;

/** Turns progress events into one line for a terminal: bar, counts, rate, time left, current item. */
export class ProgressLine {
  #phase = '';
  #samples: { atMs: number; bytes: number }[] = [];

  render(progress: ProgressEvent, nowMs: number, columns: number): string {
    if (progress.phase !== this.#phase) {
      this.#phase = progress.phase;
      this.#samples = [];
    }
    this.#samples.push({ atMs: nowMs, bytes: progress.bytesDone });
    while (this.#samples.length > 2 && this.#samples[1]!.atMs <= nowMs - rateWindowMs) this.#samples.shift();
    const first = this.#samples[0]!;
    const bytesPerSecond = nowMs > first.atMs ? ((progress.bytesDone - first.bytes) * 1000) / (nowMs - first.atMs) : undefined;

    const parts = [progress.phase.padEnd(8)];
    const { bytesTotal, filesTotal } = progress;
    const fraction = bytesTotal ? progress.bytesDone / bytesTotal : filesTotal ? progress.filesDone / filesTotal : undefined;
    if (fraction !== undefined) parts.push(`${bar(fraction, 20)} ${String(Math.floor(Math.min(1, fraction) * 100)).padStart(3)} %`);
    parts.push(
      `${progress.filesDone.toLocaleString('en-US')}${filesTotal === undefined ? '' : `/${filesTotal.toLocaleString('en-US')}`} files`,
    );
    parts.push(
      bytesTotal === undefined ? formatBytes(progress.bytesDone) : `${formatBytes(progress.bytesDone)}/${formatBytes(bytesTotal)}`,
    );
    if (bytesPerSecond !== undefined) {
      parts.push(`${formatBytes(bytesPerSecond)}/s`);
      if (bytesTotal !== undefined && bytesPerSecond > 0) {
        parts.push(`${formatDuration((Math.max(0, bytesTotal - progress.bytesDone) / bytesPerSecond) * 1000)} left`);
      }
    }
    const line = parts.join('  ');
    const room = columns - line.length - 3;
    if (!progress.current || room < 8) return line.slice(0, Math.max(0, columns - 1));
    return `${line}  ${shortenPath(printable(progress.current), room)}`;
  }
}

function bar(fraction: number, width: number): string {
  const full = Math.round(Math.min(1, Math.max(0, fraction)) * width);
  return `[${'#'.repeat(full)}${'-'.repeat(width - full)}]`;
}

/** The end of a path says more than its beginning. */
function shortenPath(path: string, room: number): string {
  return path.length <= room ? path : `…${path.slice(path.length - room + 1)}`;
}
