import type { Problem } from '#libs/contracts';
import { problem } from '#libs/contracts';
import { AppError } from '#libs/kernel';

/** What can go wrong between the panel and the coordinator, beside the coordinator's own codes. */
export type LocalApiErrorCode = 'coordinator_unreachable' | 'reply_not_understood';

/** A failed call: `httpStatus` is 0 when no reply came; `fields` names what was wrong in what was sent. */
export class ApiError extends AppError<LocalApiErrorCode | (string & {})> {
  override readonly name = 'ApiError';
  readonly httpStatus: number;
  readonly fields: readonly { readonly path: string; readonly message: string }[];

  constructor(
    code: string,
    message: string,
    options: { httpStatus: number; nextStep?: string | undefined; fields?: Problem['errors']; cause?: unknown },
  ) {
    super(code, message, {
      status: options.httpStatus === 0 || options.httpStatus >= 500 ? 'temporary' : 'permanent',
      ...(options.nextStep === undefined ? {} : { nextStep: options.nextStep }),
      ...(options.cause === undefined ? {} : { cause: options.cause }),
    });
    this.httpStatus = options.httpStatus;
    this.fields = options.fields ?? [];
  }
}

/** Used where the coordinator says what is wrong but not what to do. */
const nextStepByStatus: Readonly<Record<number, string>> = {
  401: 'Sign in again.',
  403: 'Ask somebody with a higher role, or sign in with another account.',
  404: 'It may have been removed meanwhile: go back and load the list again.',
  409: 'Somebody else changed it meanwhile: load the page again and repeat your change.',
  413: 'Send less at once.',
  429: 'Wait a minute, then try again.',
  503: 'Wait a moment, then try again.',
};

/** Turns any error reply into one that a person can act on; a body that is no problem document is not shown. */
export function problemToError(httpStatus: number, body: unknown): ApiError {
  const parsed = problem.safeParse(body);
  const fallback =
    nextStepByStatus[httpStatus] ?? (httpStatus >= 500 ? 'Try again; if it stays, look into the coordinator’s log.' : undefined);
  if (!parsed.success)
    return new ApiError('reply_not_understood', `The coordinator answered with status ${httpStatus}.`, { httpStatus, nextStep: fallback });
  const { code, title, detail, nextStep, errors } = parsed.data;
  return new ApiError(code, detail ?? title, { httpStatus, nextStep: nextStep ?? fallback, fields: errors });
}

export function unreachable(cause: unknown): ApiError {
  return new ApiError('coordinator_unreachable', 'The coordinator can’t be reached.', {
    httpStatus: 0,
    nextStep: 'Check your network connection and that the coordinator runs. Backups and restores on the machines go on without it.',
    cause,
  });
}
