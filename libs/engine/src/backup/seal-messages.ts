import type { FinishedPack } from './data-pack-writer.ts';
import type { PartJob, PartOutcome } from './file-part.ts';
import type { SealerVault } from './sealer.ts';
import type { SentJobs, SentOutcomes } from './sent-batch.ts';

/** What passes between a backup and one of its sealing threads. Both run the same version of the same program: nothing here is a format. */
export interface WorkerStart {
  readonly vault: SealerVault;
  /** The thread is to run below normal priority. */
  readonly giveWay: boolean;
  /** Where open packs are written; undefined: they are filled in memory. */
  readonly stagingFolder: string | undefined;
  /** One int: 1 when the run was stopped. Shared, since a thread at work reads no messages. */
  readonly stop: Int32Array;
  /** See `sealedBytesCell`. */
  readonly sealedBytes: Float64Array;
}

export type ToWorker =
  | { readonly type: 'seal'; readonly jobs: SentJobs }
  | { readonly type: 'seal-part'; readonly job: PartJob }
  | { readonly type: 'flush' }
  | { readonly type: 'claimed'; readonly flags: Uint8Array }
  | { readonly type: 'stored'; readonly ok: boolean };

/** Requests are answered in their order, and a thread asks one thing at a time, so answers need no numbers. */
export type FromWorker =
  /** Everything is loaded. The first message, and no answer to anything. */
  | { readonly type: 'ready' }
  | { readonly type: 'claim'; readonly ids: Uint8Array }
  | { readonly type: 'store'; readonly pack: FinishedPack }
  | { readonly type: 'sealed'; readonly outcomes: SentOutcomes }
  | { readonly type: 'sealed-part'; readonly outcome: PartOutcome }
  | { readonly type: 'flushed' }
  /** `what`: the store failed (in the main thread, which knows how, or here with this code), the run was stopped, or a mistake of ours. */
  | { readonly type: 'failed'; readonly what: 'store' | 'interrupted' | 'mistake'; readonly code?: string; readonly message: string };
