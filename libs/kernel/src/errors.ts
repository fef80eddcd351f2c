/** Whether trying the same thing again later can succeed without anybody changing anything. */
export type ErrorStatus = 'permanent' | 'temporary';

/** Values that are safe to log and to send over the API: never secrets, plaintext or file contents. */
export type ErrorContext = Readonly<Record<string, string | number | boolean | null | undefined>>;

export interface AppErrorOptions {
  readonly status?: ErrorStatus;
  readonly context?: ErrorContext;
  /** What the reader of the message should do next, one plain sentence. */
  readonly nextStep?: string;
  readonly cause?: unknown;
}

/**
 * The one error type that crosses a boundary of a lib or an app.
 *
 * Each lib closes `Code` over its own union and exports a subclass (`VaultError`, `SwarmError`, …).
 * Callers branch on `code`, never on `message`. Only the outermost layer maps a code to an HTTP status or an exit code.
 */
export class AppError<Code extends string = string> extends Error {
  override readonly name: string = 'AppError';
  readonly code: Code;
  readonly status: ErrorStatus;
  readonly context: ErrorContext;
  readonly nextStep: string | undefined;

  constructor(code: Code, message: string, options: AppErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.status = options.status ?? 'permanent';
    this.context = options.context ?? {};
    this.nextStep = options.nextStep;
  }
}

/** True for an {@link AppError}; with `code`, only for one that carries it. */
export function isAppError<Code extends string>(error: unknown, code?: Code): error is AppError<Code> {
  return error instanceof AppError && (code === undefined || error.code === code);
}

/** The `code` of a Node.js system error (`ENOENT`, `ENOSPC`, …), or undefined for anything else. */
export function systemErrorCode(error: unknown): string | undefined {
  if (error instanceof AppError || typeof error !== 'object' || error === null) return undefined;
  const { code } = error as { code?: unknown };
  return typeof code === 'string' ? code : undefined;
}

/** The message of anything that was thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
