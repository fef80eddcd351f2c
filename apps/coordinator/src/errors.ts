import type { AppErrorOptions } from '#libs/kernel';
import { AppError } from '#libs/kernel';

/** Every code that the coordinator answers with, and the HTTP status it maps to. Codes are stable: clients branch on them. */
const statusByCode = {
  // requests in general
  request_invalid: 400,
  body_not_json: 400,
  body_too_large: 413,
  media_type_unsupported: 415,
  route_not_found: 404,
  rate_limited: 429,
  idempotency_key_reused: 422,
  request_in_progress: 409,
  internal_error: 500,
  not_ready: 503,
  // people
  not_signed_in: 401,
  sign_in_failed: 401,
  sign_in_rate_limited: 429,
  ticket_invalid: 401,
  csrf_token_missing: 403,
  role_not_allowed: 403,
  metrics_forbidden: 403,
  account_exists: 409,
  account_last_owner: 409,
  account_not_found: 404,
  // first start
  setup_needed: 409,
  setup_done: 409,
  setup_token_wrong: 403,
  team_document_invalid: 422,
  // devices
  device_token_invalid: 401,
  device_proof_wrong: 401,
  device_revoked: 403,
  device_not_found: 404,
  device_already_enrolled: 409,
  join_link_unknown: 404,
  join_link_used: 410,
  join_link_expired: 410,
  join_link_revoked: 410,
  join_link_not_found: 404,
  // packs, snapshots, jobs, restores
  vault_not_found: 404,
  vault_not_yours: 403,
  pack_not_found: 404,
  pack_conflict: 409,
  pack_unavailable: 503,
  no_holder_online: 503,
  snapshot_not_found: 404,
  snapshot_conflict: 409,
  run_not_found: 404,
  run_conflict: 409,
  job_not_found: 404,
  job_not_yours: 403,
  job_ended: 409,
  restore_not_found: 404,
  restore_target_unfit: 409,
  receipt_invalid: 422,
  // releases
  head_invalid: 422,
  header_invalid: 422,
  head_not_found: 404,
  release_not_found: 404,
  release_invalid: 422,
  release_replayed: 409,
  release_needed: 409,
  release_head_missing: 409,
  release_too_early: 409,
  release_ended: 409,
  release_cancelled: 409,
  release_hold_running: 409,
  owner_not_gone: 409,
  coordinator_rebuilding: 503,
  rebuild_not_running: 409,
  trim_refused: 409,
  bundle_not_found: 404,
  policy_invalid: 422,
  // start and operation: shown by the command, never sent
  config_invalid: 500,
  data_folder_unusable: 500,
  address_in_use: 500,
  audit_log_broken: 500,
  bundle_invalid: 500,
  recovery_kit_unreadable: 500,
  passphrase_missing: 500,
} as const satisfies Record<string, number>;

export type CoordinatorErrorCode = keyof typeof statusByCode;

/** The one error type of this app. `message` and `nextStep` are shown to people; `context` goes to the log only. */
export class CoordinatorError extends AppError<CoordinatorErrorCode> {
  override readonly name = 'CoordinatorError';

  constructor(code: CoordinatorErrorCode, message: string, options: AppErrorOptions = {}) {
    super(code, message, options);
  }

  get httpStatus(): number {
    return statusByCode[this.code];
  }
}
