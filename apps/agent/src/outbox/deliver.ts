import type { CoordinatorClient } from '../coordinator-client/coordinator-client.ts';
import type { OutboxEntry } from './outbox-entry.ts';

/** A snapshot that is told of within this long is as new as the telling. */
const soonMs = 60_000;

/** One entry of the outbox as the call that it stands for. A snapshot says how long it had to wait. */
export function deliver(coordinator: CoordinatorClient, entry: OutboxEntry, nowMs: number, signal: AbortSignal): Promise<void> {
  switch (entry.kind) {
    case 'vault-header':
      return coordinator.putVaultHeader(entry.body, signal);
    case 'packs':
      return coordinator.announcePacks(entry.body, signal);
    case 'snapshot': {
      const waitedMs = nowMs - entry.body.endedAtMs;
      return coordinator.commitSnapshot(waitedMs > soonMs ? { ...entry.body, waitedMs } : entry.body, signal);
    }
    case 'run':
      return coordinator.reportRun(entry.body, signal);
    case 'scrub':
      return coordinator.reportScrub(entry.body, signal);
    case 'job':
      return coordinator.reportJob(entry.jobId, entry.body, signal);
  }
}
