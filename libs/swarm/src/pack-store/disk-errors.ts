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

/** Runs `work`, translating what the disk throws. */
export async function onDisk<T>(packId: PackId, store: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw diskError(error, packId, store);
  }
}
