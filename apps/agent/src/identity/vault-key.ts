import { masterKeySize } from '#libs/crypto';
import { isAppError } from '#libs/kernel';
import type { DurableFiles } from '#libs/kernel/node';
import { AgentError } from '../errors.ts';

/** The vault's master key as it stands on this disk, mode 0600. Throws `home_corrupt`. */
export async function readVaultKey(files: DurableFiles, path: string): Promise<Uint8Array> {
  let bytes: Uint8Array | undefined;
  try {
    bytes = await files.read(path, { maxBytes: 4096 });
  } catch (error) {
    if (!isAppError(error, 'file_not_found')) throw error;
  }
  if (bytes?.length === masterKeySize) return bytes;
  throw new AgentError('home_corrupt', `the key of this machine's vault ${bytes ? 'is damaged' : 'is missing'}`, {
    context: { path },
    nextStep: 'Put the file back from a copy, or restore with the recovery kit on a machine that joins afresh.',
  });
}
