import { AppError, messageOf } from '#libs/kernel';
import type { ErrorEvent } from '../output/command-event.ts';

/** Stable: scripts depend on them. Documented in docs/cli.md. */
export const exitCodes = {
  done: 0,
  failed: 1,
  /** The command did its work, but some files could not be read. */
  incomplete: 3,
  notEnrolled: 10,
  busy: 11,
  wrongKey: 12,
  interrupted: 130,
} as const;

/** Codes of the agent and of the libs below it that have an exit code of their own; every other one is `failed`. */
const byErrorCode: Readonly<Record<string, number>> = {
  not_enrolled: exitCodes.notEnrolled,
  busy: exitCodes.busy,
  wrong_key: exitCodes.wrongKey,
  wrong_passphrase: exitCodes.wrongKey,
  interrupted: exitCodes.interrupted,
};

function exitCodeOf(errorCode: string): number {
  return byErrorCode[errorCode] ?? exitCodes.failed;
}

/** For errors that bring no advice of their own. */
const usualNextSteps: Readonly<Record<string, string>> = {
  bad_argument: '"holdfast help COMMAND" shows how it is used.',
  busy: 'Wait until it has finished, then try again.',
  control_failed: 'Restart the daemon and try again.',
  interrupted: 'Run it again: it goes on where it stopped.',
  response_too_large: 'Update the agent or the coordinator so that both have the same version.',
};

/** Anything that was thrown, as the last event of a command. */
export function errorEvent(error: unknown): ErrorEvent {
  if (error instanceof AppError) {
    return {
      event: 'error',
      code: error.code,
      message: error.message,
      nextStep: error.nextStep ?? usualNextSteps[error.code],
      temporary: error.status === 'temporary',
      exitCode: exitCodeOf(error.code),
      context: error.context,
    };
  }
  if (typeof error === 'object' && error !== null && 'name' in error && error.name === 'AbortError') {
    return {
      event: 'error',
      code: 'interrupted',
      message: 'stopped on request',
      temporary: true,
      exitCode: exitCodes.interrupted,
      nextStep: 'Run it again: it goes on where it stopped.',
    };
  }
  return {
    event: 'error',
    code: 'internal',
    message: messageOf(error),
    temporary: false,
    exitCode: exitCodes.failed,
    nextStep: 'This is a defect of Holdfast; please report it with the log.',
  };
}
