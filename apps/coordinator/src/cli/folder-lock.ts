import { join } from 'node:path';
import { isAppError, messageOf } from '#libs/kernel';
import { FolderLock } from '#libs/kernel/node';
import { CoordinatorError } from '../errors.ts';

/** Two on one folder would undo each other's keys and embedded database. Throws `busy` naming the process that has it, `data_folder_unusable`. */
export async function takeFolder(folder: string): Promise<FolderLock> {
  try {
    return await FolderLock.acquire(join(folder, 'coordinator.lock'), 'coordinator');
  } catch (cause) {
    if (isAppError(cause)) throw cause;
    throw new CoordinatorError('data_folder_unusable', `The data folder ${folder} can't be used: ${messageOf(cause)}`, { cause });
  }
}
