import { readdir } from 'node:fs/promises';
import { messageOf, systemErrorCode } from '#libs/kernel';
import { AgentError } from '../errors.ts';

/**
 * Makes sure that snapshots can be shown in this folder without hiding anything: it is there and empty. What a mount left behind whose process was killed
 * is taken away first. Throws `bad_argument`.
 */
export async function folderToMountOn(folder: string): Promise<void> {
  const names = await readdir(folder).catch(async (error: unknown) => {
    if (systemErrorCode(error) !== 'ENOTCONN') throw notUsable(folder, error);
    const { unmountFuse } = await import('#libs/engine');
    await unmountFuse(folder);
    return readdir(folder).catch((again: unknown) => {
      throw notUsable(folder, again);
    });
  });
  if (names.length > 0)
    throw new AgentError('bad_argument', `${folder} is not empty: what is in it would be hidden`, { nextStep: 'Give an empty folder.' });
}

function notUsable(folder: string, cause: unknown): AgentError {
  const code = systemErrorCode(cause);
  const why = code === 'ENOENT' ? 'there is no such folder' : code === 'ENOTDIR' ? 'it is no folder' : (code ?? messageOf(cause));
  return new AgentError('bad_argument', `nothing can be shown in ${folder}: ${why}`, {
    cause,
    nextStep: 'Give an empty folder that exists.',
  });
}
