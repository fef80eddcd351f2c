import { isAppError, messageOf } from '#libs/kernel';
import { EngineError, type EngineErrorCode } from '../errors.ts';
import type { SentError } from './write-messages.ts';

/** An error in a form that crosses threads. */
export function sentError(error: unknown): SentError {
  if (!isAppError(error)) return { code: 'io_failed', message: messageOf(error) };
  const { code, message, status, nextStep, context } = error;
  return { code, message, options: { status, ...(nextStep !== undefined && { nextStep }), ...(context && { context }) } };
}

/** The other way. The code may be one of the vault's: it is reported, and branched on as a string. */
export function receivedError({ code, message, options }: SentError): EngineError {
  return new EngineError(code as EngineErrorCode, message, options);
}
