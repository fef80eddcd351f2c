import { isAppError, messageOf, systemErrorCode } from '#libs/kernel';
import type { EngineErrorCode } from '../errors.ts';
import { EngineError } from '../errors.ts';
import type { Applied } from './platform.ts';
import { displayPath } from './display-path.ts';

const codes: Readonly<Record<string, EngineErrorCode>> = {
  ENOENT: 'file_not_found',
  ENOTDIR: 'not_a_folder',
  EACCES: 'access_denied',
  EPERM: 'access_denied',
  EROFS: 'access_denied',
  EEXIST: 'file_exists',
  ELOOP: 'symlink_in_path',
  ENOTEMPTY: 'not_empty',
  ENOSPC: 'disk_full',
  EDQUOT: 'disk_full',
  EMFILE: 'too_many_open_files',
  ENFILE: 'too_many_open_files',
  ENAMETOOLONG: 'name_too_long',
  EOPNOTSUPP: 'unsupported',
  ENOTSUP: 'unsupported',
  ENOSYS: 'unsupported',
};
const words: Partial<Record<EngineErrorCode, string>> = {
  file_not_found: 'is not there',
  not_a_folder: 'is no folder',
  access_denied: 'may not be accessed',
  file_exists: 'exists already',
  symlink_in_path: 'is a symbolic link',
  not_empty: 'is not empty',
  disk_full: 'no space left on the disk',
  too_many_open_files: 'too many open files',
  name_too_long: 'has too long a name',
  unsupported: 'is not supported by this file system',
};

/** The engine's error for a system call that failed with `system` (`ENOENT`, …). */
export function fileError(system: string, path: Uint8Array, cause?: unknown): EngineError {
  const code = codes[system] ?? 'io_failed';
  const shown = displayPath(path);
  const said = words[code] ?? `failed with ${system}${cause === undefined ? '' : ` (${messageOf(cause)})`}`;
  return new EngineError(code, `${shown}: ${said}`, {
    status: code === 'disk_full' || code === 'too_many_open_files' ? 'temporary' : 'permanent',
    context: { path: shown, system },
    ...(code === 'disk_full' && { nextStep: 'Free some space on this disk and run it again.' }),
    cause,
  });
}

/** Runs a call of `node:fs` and translates what it throws. */
export function translated<T>(path: Uint8Array, call: () => T): T {
  try {
    return call();
  } catch (error) {
    throw asFileError(error, path);
  }
}

/** {@link translated} for whoever has caught it already. */
export function asFileError(error: unknown, path: Uint8Array): unknown {
  const system = systemErrorCode(error);
  return system === undefined ? error : fileError(system, path, error);
}

/** Turns "the system can't do that here" into a value. */
export function orUnsupported(call: () => void): Applied {
  try {
    call();
    return 'done';
  } catch (error) {
    if (isAppError(error, 'unsupported') || isAppError(error, 'access_denied')) return 'unsupported';
    throw error;
  }
}
