import type { RunFailures } from '../runs/run-history.ts';
import { scheduleTimes } from './schedule-times.ts';

/**
 * When a scheduled backup that failed is tried again; undefined: not before the next fire time. A pure function of what is on the disk, so that a
 * restart of the daemon changes nothing.
 */
export function retryAfter(failures: RunFailures, nowMs: number, nextFireAtMs: number | undefined): number | undefined {
  const { retries, retryFirstMs, retryMaxMs, retryBeforeFireMs } = scheduleTimes;
  if (!failures.mayPass || failures.count > retries) return undefined;
  const delayMs = Math.min(retryFirstMs * 2 ** (failures.count - 1), retryMaxMs);
  // A clock that was ahead when it failed must not put the retry off: then it is tried at once, and the next failure has a right time.
  const dueAtMs = failures.lastEndedAtMs > nowMs ? nowMs : failures.lastEndedAtMs + delayMs;
  return nextFireAtMs !== undefined && dueAtMs > nextFireAtMs - retryBeforeFireMs ? undefined : dueAtMs;
}
