import { stat } from 'node:fs/promises';
import { systemErrorCode } from '#libs/kernel';
import type { NoticeEvent } from '../output/command-event.ts';

/**
 * A notice for each folder that is not there. Joining goes on: a disk may be mounted later, but a slip of the pen would
 * otherwise show only when something is to be restored.
 */
export async function missingFolderNotices(folders: readonly string[]): Promise<NoticeEvent[]> {
  const notices: NoticeEvent[] = [];
  for (const path of new Set(folders)) {
    const code = await stat(path).then(() => undefined, systemErrorCode);
    if (code !== 'ENOENT' && code !== 'ENOTDIR') continue;
    notices.push({
      event: 'notice',
      code: 'folder_not_found',
      path,
      message: 'is not there, so nothing of it is backed up; create it, or correct its name with "holdfast folders"',
    });
  }
  return notices;
}
