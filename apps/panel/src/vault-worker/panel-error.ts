import type { AppErrorOptions } from '#libs/kernel';
import { AppError } from '#libs/kernel';

export type PanelErrorCode =
  /** The recovery kit opens, but is that of another team. */
  | 'other_team'
  /** The coordinator drafted a release of another vault than the one that the person chose. */
  | 'draft_unfit'
  /** Something was asked of a worker that holds no key. */
  | 'locked'
  /** The vault has no head yet: nothing was ever captured. */
  | 'vault_empty'
  /** What was served is older than a head that this browser has seen, or its file is shorter than its entry says. */
  | 'stale_head'
  | 'file_incomplete'
  /** The entry is no file, or its content could not be read when it was backed up. */
  | 'not_downloadable'
  | 'worker_failed';

/** What the panel's own code throws. */
export class PanelError extends AppError<PanelErrorCode> {
  override readonly name = 'PanelError';

  constructor(code: PanelErrorCode, message: string, options: AppErrorOptions = {}) {
    super(code, message, options);
  }
}
