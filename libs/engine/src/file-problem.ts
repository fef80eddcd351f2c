import { isAppError, messageOf } from '#libs/kernel';
import type { FileProblem } from './errors.ts';
import { displayPath } from './platform/display-path.ts';

/** A failure as a line of a report, which names the path beside the message: an error's message, which may stand alone, begins with it. */
export function problemOf(path: Uint8Array, error: unknown): FileProblem {
  const shown = displayPath(path);
  const message = messageOf(error);
  const twice = `${shown}: `;
  return {
    path: shown,
    code: isAppError(error) ? error.code : 'io_failed',
    message: message.startsWith(twice) ? message.slice(twice.length) : message,
  };
}
