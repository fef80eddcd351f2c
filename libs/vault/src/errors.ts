import { AppError, type AppErrorOptions } from '#libs/kernel';

/** Everything that can be wrong with a vault. Closed: callers branch on it. */
export type VaultErrorCode =
  | 'bad_header'
  | 'bad_head'
  | 'bad_signature'
  | 'wrong_key'
  | 'pack_corrupt'
  | 'block_corrupt'
  | 'chunk_corrupt'
  | 'chunk_not_found'
  | 'index_corrupt'
  | 'tree_corrupt'
  | 'record_corrupt'
  | 'unsupported_version'
  | 'limit_exceeded'
  | 'pack_not_found'
  | 'source_unavailable'
  | 'unsafe_name'
  | 'snapshot_not_found'
  | 'path_not_found'
  | 'content_lost'
  | 'not_captured'
  | 'store_full'
  | 'invalid_input';

/** What the vault lib throws. `context` names pack id, region and offset where they are known. */
export class VaultError extends AppError<VaultErrorCode> {
  override readonly name = 'VaultError';

  constructor(code: VaultErrorCode, message: string, options: AppErrorOptions = {}) {
    super(code, message, { nextStep: nextSteps[code], ...options });
  }
}

const nextSteps: Readonly<Partial<Record<VaultErrorCode, string>>> = {
  bad_header: 'Fetch the vault header again from the coordinator or a holder.',
  bad_head: 'Fetch the vault head again from the coordinator or a holder.',
  bad_signature: 'Do not trust this data; fetch it again from another holder and tell the administrator.',
  wrong_key: 'Check the passphrase, or use another key of this vault.',
  pack_corrupt: 'Run "holdfast check"; a good replica of the pack replaces it.',
  block_corrupt: 'Run "holdfast check"; a good replica of the pack replaces it.',
  chunk_corrupt: 'Run "holdfast check --read-data" to see which files are concerned.',
  chunk_not_found: 'Run "holdfast check"; the index may have to be rebuilt from the packs.',
  index_corrupt: 'Run "holdfast check"; the index is rebuilt from the packs.',
  tree_corrupt: 'Run "holdfast check"; restore the folder from an earlier snapshot meanwhile.',
  record_corrupt: 'Run "holdfast check"; use an earlier snapshot meanwhile.',
  unsupported_version: 'Update Holdfast: this was written by a newer version.',
  pack_not_found: 'Wait until a holder of the pack is online, then try again.',
  source_unavailable: 'Try again when the device is online.',
  snapshot_not_found: 'List the snapshots to see which exist.',
  path_not_found: 'List the folder to see what the snapshot holds.',
  content_lost: 'Another snapshot may have it: "holdfast find NAME" shows which.',
  not_captured: 'Restore it from another snapshot: this one could not read it.',
  store_full: 'Free some disk space, then try again.',
};
