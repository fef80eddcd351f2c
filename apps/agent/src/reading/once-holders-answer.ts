import { type Clock, isAppError } from '#libs/kernel';

/**
 * Rests before a vault that nobody could be reached for is opened again. A machine that has only just joined is a stranger to the holders until the roster that
 * names it has reached them, and after a start of the coordinator that takes seconds; who is asleep stays asleep for longer than anybody would wait.
 */
const restsMs = [500, 1000, 2000, 4000, 8000];

/** Opens a vault, anew after a rest while that fails with something passing. `isLast`: this time what can be had has to do. */
export async function onceHoldersAnswer<T>(clock: Clock, signal: AbortSignal, open: (isLast: boolean) => Promise<T>): Promise<T> {
  for (const restMs of restsMs) {
    try {
      return await open(false);
    } catch (error) {
      signal.throwIfAborted();
      if (!isAppError(error) || error.status !== 'temporary') break;
      await clock.sleep(restMs, signal);
    }
  }
  return open(true);
}
