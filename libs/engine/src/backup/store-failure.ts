import { isAppError } from '#libs/kernel';
import { diskFull, interrupted } from '../errors.ts';

/** Tells a failure of the store, which ends the run, from one of the file, which does not. Unwrapped before anybody else sees it. */
export class StoreFailure extends Error {
  override readonly name = 'StoreFailure';
  constructor(cause: unknown) {
    super('the store failed', { cause });
  }
}

/** Runs what reaches for the store. Throws {@link StoreFailure}. */
export async function inStore<T>(work: () => Promise<T> | T): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw new StoreFailure(error);
  }
}

/** Whether nothing more can be done in this run; anything else is about one file. */
export function isRunFailure(error: unknown): boolean {
  return error instanceof StoreFailure || isAppError(error, 'interrupted') || !isAppError(error);
}

/** The store's own error, for callers. */
export function unwrapStoreFailure(error: unknown): unknown {
  if (error instanceof StoreFailure) return isAppError(error.cause, 'disk_full') ? diskFull(error.cause.message, error.cause) : error.cause;
  if (error instanceof Error && error.name === 'AbortError') return interrupted(error);
  return error;
}
