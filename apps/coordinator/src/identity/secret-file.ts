import { closeSync, fsyncSync, mkdirSync, openSync, renameSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';
import { messageOf } from '#libs/kernel';
import { CoordinatorError } from '../errors.ts';

/** Writes a file of mode 0600 that is whole and durable when this returns, or not there at all. Throws `data_folder_unusable`. */
export function writeSecretFile(file: string, text: string): void {
  const folder = dirname(file);
  const temporary = `${file}.new`;
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    const handle = openSync(temporary, 'w', 0o600);
    try {
      writeSync(handle, text);
      fsyncSync(handle);
    } finally {
      closeSync(handle);
    }
    renameSync(temporary, file);
    syncFolder(folder);
  } catch (cause) {
    throw new CoordinatorError('data_folder_unusable', `${file} can't be written: ${messageOf(cause)}`, { cause });
  }
}

function syncFolder(folder: string): void {
  const handle = openSync(folder, 'r');
  try {
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
}
