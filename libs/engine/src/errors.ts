import type { AppErrorOptions } from '#libs/kernel';
import { AppError } from '#libs/kernel';

/**
 * Of one file (recorded, the others go on): `file_not_found`, `access_denied`, `not_a_folder`, `not_empty`, `file_exists`,
 * `symlink_in_path`, `unsafe_name`, `name_too_long`, `file_changed`, `input_incomplete` (a pipe that failed), `io_failed`, `unsupported`, `too_many_open_files`, `not_answering` (temporary; the file system hangs).
 * Of a whole run: `folder_not_found`, `no_folders`, `too_many_folders`, `disk_full` (temporary), `vault_not_found`, `vault_exists`, `vault_busy` (temporary),
 * `vault_state_corrupt`, `wrong_vault`, `snapshot_not_found`, `path_not_found`, `conflict`, `destination_invalid`, `interrupted` (temporary),
 * `worker_failed` (temporary), `vault_changed` (temporary), `snapshot_protected` (it may not be forgotten), `prune_impossible`,
 * `repair_impossible` (something that is not lost can't be read), `mount_failed` (the system refuses).
 */
export type EngineErrorCode =
  | 'file_not_found'
  | 'access_denied'
  | 'not_a_folder'
  | 'not_empty'
  | 'file_exists'
  | 'symlink_in_path'
  | 'unsafe_name'
  | 'name_too_long'
  | 'file_changed'
  | 'input_incomplete'
  | 'io_failed'
  | 'unsupported'
  | 'too_many_open_files'
  | 'not_answering'
  | 'folder_not_found'
  | 'no_folders'
  | 'too_many_folders'
  | 'disk_full'
  | 'vault_not_found'
  | 'vault_exists'
  | 'vault_busy'
  | 'vault_state_corrupt'
  | 'wrong_vault'
  | 'snapshot_not_found'
  | 'path_not_found'
  | 'conflict'
  | 'destination_invalid'
  | 'interrupted'
  | 'worker_failed'
  | 'vault_changed'
  | 'snapshot_protected'
  | 'prune_impossible'
  | 'repair_impossible'
  | 'mount_failed';

/** The engine's error. Branch on `code`; per-file ones travel as values in reports. */
export class EngineError extends AppError<EngineErrorCode> {
  override readonly name = 'EngineError';
}

/** What a report says about one file or folder that could not be handled. `path` is for people: bytes that are not UTF-8 show as \xNN. */
export interface FileProblem {
  readonly path: string;
  readonly code: string;
  readonly message: string;
}

/** As much of an AbortSignal as is asked between two steps; a worker thread has only this. */
export type StopSignal = Pick<AbortSignal, 'aborted' | 'reason'>;

/** Throws `interrupted` when the signal says stop. What was sealed before stays and is used by the next run. */
export function throwIfInterrupted(signal: StopSignal | undefined): void {
  if (signal?.aborted) throw interrupted(signal.reason);
}

export function diskFull(message: string, cause?: unknown): EngineError {
  const nextStep = 'Free some space on this disk and run it again: what was sealed so far is kept.';
  return new EngineError('disk_full', message, { status: 'temporary', nextStep, cause });
}

export function interrupted(cause?: unknown): EngineError {
  const options: AppErrorOptions = { status: 'temporary', nextStep: 'Run it again: it goes on from where it stopped.', cause };
  return new EngineError('interrupted', 'stopped before the end', options);
}
