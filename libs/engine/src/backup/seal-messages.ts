import type { WrittenPack } from '#libs/vault';
import type { FileOutcome, SealerVault } from './file-sealer.ts';

/** What passes between a backup and one of its sealing threads. Both run the same version of the same program: nothing here is a format. */
export interface WorkerStart {
  readonly vault: SealerVault;
  /** One int: 1 when the run was stopped. Shared, since a thread at work reads no messages. */
  readonly stop: Int32Array;
}

export type ToWorker =
  | { readonly type: 'seal'; readonly jobs: readonly { readonly path: Uint8Array; readonly sizeBytes: number }[] }
  | { readonly type: 'flush' }
  | { readonly type: 'claimed'; readonly flags: Uint8Array }
  | { readonly type: 'stored'; readonly ok: boolean };

/** One request at a time each way, so answers need no numbers. */
export type FromWorker =
  | { readonly type: 'claim'; readonly ids: Uint8Array }
  | { readonly type: 'store'; readonly pack: WrittenPack }
  | { readonly type: 'sealed'; readonly outcomes: readonly FileOutcome[] }
  | { readonly type: 'flushed' }
  /** `what`: the store failed (the main thread knows how), the run was stopped, or a mistake of ours. */
  | { readonly type: 'failed'; readonly what: 'store' | 'interrupted' | 'mistake'; readonly message: string };
