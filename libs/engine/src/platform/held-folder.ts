import { isAppError } from '#libs/kernel';
import { EngineError } from '../errors.ts';
import { displayPath } from './display-path.ts';
import type { FileFacts, HeldFolder, OpenFile, Platform } from './platform.ts';

/** {@link HeldFolder} by its path, for systems that can't hold one: looked at again after each file that is made in it. */
export function folderByPath(
  platform: Pick<Platform, 'create' | 'facts' | 'join' | 'openToWrite' | 'remove' | 'rename'>,
  path: Buffer,
): HeldFolder {
  const facts = platform.facts(path);
  if (facts.kind !== 'directory') throw new EngineError('not_a_folder', `${displayPath(path)}: is no folder`);
  const at = (name: Buffer): Buffer => platform.join(path, name);
  const isThere = (): boolean => leadsTo(platform, path, facts);
  const create = (name: Buffer): OpenFile => {
    const file = platform.create(at(name));
    try {
      if (isThere()) return file;
    } catch (error) {
      file.close();
      throw error;
    }
    file.close();
    platform.remove(at(name), 'file');
    throw new EngineError('symlink_in_path', `${displayPath(path)}: was exchanged`);
  };
  return {
    facts,
    isThere,
    create,
    openToWrite: (name) => platform.openToWrite(at(name)),
    rename: (from, to) => platform.rename(at(from), at(to)),
    remove: (name) => platform.remove(at(name), 'file'),
    close: () => undefined,
  };
}

/** Whether a path leads to this very folder, and not by a link in its last part. */
export function leadsTo(platform: Pick<Platform, 'facts'>, path: Buffer, { device, inode }: Pick<FileFacts, 'device' | 'inode'>): boolean {
  try {
    const now = platform.facts(path);
    return now.kind === 'directory' && now.inode === inode && now.device === device;
  } catch (error) {
    if (isAppError(error, 'file_not_found') || isAppError(error, 'not_a_folder') || isAppError(error, 'symlink_in_path')) return false;
    throw error;
  }
}
