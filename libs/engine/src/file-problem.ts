import { isAppError, messageOf } from '#libs/kernel';
import type { FileProblem } from '../errors.ts';
import { displayPath } from '../platform/display-path.ts';

/** A failure as a line of the report. */
export function problemOf(path: Uint8Array, error: unknown): FileProblem {
  return { path: displayPath(path), code: isAppError(error) ? error.code : 'io_failed', message: messageOf(error) };
}
