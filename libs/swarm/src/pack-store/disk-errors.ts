import type { PackId } from '#libs/kernel';
import { AppError, messageOf } from '#libs/kernel';
import { FilesError } from '#libs/kernel/node';
import { SwarmError } from '../errors.ts';

/** The disk's failures in this lib's words: `store_full`, `pack_not_found`, `store_failed`. Errors of this lib pass unchanged. */
export function diskError(error: unknown, packId: PackId, store: string): unknown {
  if (!(error instanceof FilesError))
    return error instanceof AppError ? error : new SwarmError('store_failed', `${store}: ${messageOf(error)}`, { cause: error });
  const options = { status: error.status, context: { packId, store }, nextStep: error.nextStep, cause: error };
  if (error.code === 'disk_full') {
    const nextStep = 'Free some space on this disk, or lower what this device holds for others; nothing that was kept is lost.';
    return new SwarmError('store_full', `no space left for pack ${packId} in ${store}`, { ...options, nextStep });
  }
  if (error.code === 'file_not_found') return new SwarmError('pack_not_found', `pack ${packId} is not in ${store}`, options);
  return new SwarmError('store_failed', `${store}: ${error.message}`, options);
}

/**
 * What systems say of a place that the disk can't give any more, while others of the same disk may be fine: EIO; ENODATA and EILSEQ of newer Linux kernels; EBADMSG and EUCLEAN of file
 * systems that check themselves.
 */
const badPlace = new Set(['EIO', 'ENODATA', 'EILSEQ', 'EBADMSG', 'EUCLEAN']);

/** Whether a `store_failed` is about the place that was read: trying again won't help, and writing the file anew elsewhere on the disk will. */
export function isBadPlace(error: unknown): boolean {
  if (!(error instanceof SwarmError) || error.code !== 'store_failed' || !(error.cause instanceof FilesError)) return false;
  return badPlace.has(String(error.cause.context.system));
}

/** Runs `work`, translating what the disk throws. */
export async function onDisk<T>(packId: PackId, store: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw diskError(error, packId, store);
  }
}
