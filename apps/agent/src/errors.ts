import { AppError, type AppErrorOptions } from '#libs/kernel';

/** Everything that can go wrong in the agent itself. Libs bring their own codes; `cli/exit-codes.ts` maps both. */
export type AgentErrorCode =
  | 'not_enrolled'
  | 'already_enrolled'
  | 'busy'
  | 'home_corrupt'
  | 'home_not_writable'
  | 'join_link_used'
  | 'join_link_expired'
  | 'join_link_unknown'
  | 'fingerprint_mismatch'
  | 'pin_mismatch'
  | 'statement_invalid'
  | 'roster_rollback'
  | 'bundle_missing'
  | 'coordinator_unreachable'
  | 'coordinator_refused'
  | 'response_invalid'
  | 'response_too_large'
  | 'daemon_not_running'
  | 'control_failed'
  | 'schedule_invalid'
  | 'nothing_to_back_up'
  | 'no_snapshot'
  | 'snapshot_not_found'
  | 'snapshot_protected'
  | 'path_not_found'
  | 'device_not_found'
  | 'wrong_key'
  | 'key_not_found'
  | 'key_needed'
  | 'recovery_kit_invalid'
  | 'passphrase_missing'
  | 'passphrase_too_short'
  | 'pack_not_found'
  | 'block_corrupt'
  | 'store_full'
  | 'pledge_exceeded'
  | 'reserve_reached'
  | 'job_invalid'
  | 'restore_refused'
  | 'not_protected_in_time'
  | 'rules_invalid'
  | 'hook_failed'
  | 'input_incomplete'
  | 'verification_failed'
  | 'bad_argument'
  | 'interrupted'
  | 'internal';

export class AgentError extends AppError<AgentErrorCode> {
  override readonly name = 'AgentError';

  constructor(code: AgentErrorCode, message: string, options: AppErrorOptions = {}) {
    super(code, message, options);
  }
}
