import type { CoordinatorClient } from '../coordinator-client/coordinator-client.ts';
import type { OutboxEntry } from './outbox-entry.ts';

/** One entry of the outbox as the call that it stands for. */
export function deliver(coordinator: CoordinatorClient, entry: OutboxEntry, signal: AbortSignal): Promise<void> {
  switch (entry.kind) {
    case 'vault-header':
      return coordinator.putVaultHeader(entry.body, signal);
    case 'packs':
      return coordinator.announcePacks(entry.body, signal);
    case 'snapshot':
      return coordinator.commitSnapshot(entry.body, signal);
    case 'run':
      return coordinator.reportRun(entry.body, signal);
    case 'scrub':
      return coordinator.reportScrub(entry.body, signal);
    case 'job':
      return coordinator.reportJob(entry.jobId, entry.body, signal);
  }
}
