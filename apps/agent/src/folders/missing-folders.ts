import { stat } from 'node:fs/promises';
import { systemErrorCode } from '#libs/kernel';
import { lookAtFar } from './far-folder.ts';
import type { NoticeEvent } from '../output/command-event.ts';

/** In the words of the system, and of the engine. */
const missing: ReadonlySet<string> = new Set(['ENOENT', 'ENOTDIR', 'file_not_found', 'not_a_folder']);

/**
 * A notice for each folder that is not there, or does not answer. Joining goes on: a disk may be mounted later, but a slip of the pen would
 * otherwise show only when something is to be restored.
 */
export async function missingFolderNotices(folders: readonly string[]): Promise<NoticeEvent[]> {
  const notices: NoticeEvent[] = [];
  const looks = await lookAtFar(folders);
  for (const path of new Set(folders)) {
    const far = looks.get(path);
    if (far?.trouble?.code === 'not_answering') {
      notices.push({
        event: 'notice',
        code: 'not_answering',
        path,
        message: 'does not answer, so nothing of it is backed up until it does',
      });
      continue;
    }
    const code = far ? far.trouble?.code : await stat(path).then(() => undefined, systemErrorCode);
    if (!missing.has(code ?? '')) continue;
    notices.push({
      event: 'notice',
      code: 'folder_not_found',
      path,
      message: 'is not there, so nothing of it is backed up; create it, or correct its name with "holdfast folders"',
    });
  }
  return notices;
}
