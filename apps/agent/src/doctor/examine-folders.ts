import { access, constants } from 'node:fs/promises';
import { isAppError, messageOf, systemErrorCode } from '#libs/kernel';
import { lookAtFar } from '../folders/far-folder.ts';
import { isOwnData, ownDataMessage } from '../folders/own-data.ts';
import type { Diagnosis } from './examinations.ts';

/** The folders of scheduled backups. One that can't be read is a warning; when none can, a backup takes nothing, and each is an error. */
export async function examineFolders(folders: readonly string[], home: string): Promise<Diagnosis[]> {
  if (folders.length === 0)
    return [
      {
        severity: 'error',
        code: 'no_folders',
        message: 'no folder is chosen: scheduled backups do nothing',
        nextStep: 'Add folders to the policy in the admin panel, or join with --folder.',
      },
    ];
  const problems: { code: string; message: string }[] = [];
  const looks = await lookAtFar(folders.filter((folder) => !isOwnData(folder, home)));
  for (const folder of folders) {
    if (isOwnData(folder, home)) {
      problems.push({ code: 'bad_argument', message: `${folder} ${ownDataMessage}` });
      continue;
    }
    const far = looks.get(folder);
    const error: unknown = far
      ? far.trouble
      : await access(folder, constants.R_OK).then(
          () => undefined,
          (cause: unknown) => cause,
        );
    if (error === undefined) continue;
    if (isAppError(error, 'not_answering')) {
      problems.push({ code: 'not_answering', message: error.message });
      continue;
    }
    const missing = isAppError(error)
      ? error.code === 'file_not_found' || error.code === 'not_a_folder'
      : ['ENOENT', 'ENOTDIR'].includes(systemErrorCode(error) ?? '');
    problems.push(
      missing
        ? { code: 'folder_not_found', message: `${folder} is not there` }
        : { code: 'folder_unreadable', message: `${folder} can't be read: ${messageOf(error)}` },
    );
  }
  const none = problems.length === folders.length;
  return problems.map(({ code, message }) => ({
    severity: none ? 'error' : 'warning',
    code,
    message: none ? `${message}: nothing is backed up` : message,
    nextStep: nextSteps[code]!,
  }));
}

const nextSteps: Readonly<Record<string, string>> = {
  folder_not_found: 'Create it, or correct its name: in the policy, or with "holdfast folders" if this machine named it.',
  folder_unreadable: "Correct the policy, or the folder's permissions.",
  not_answering: 'See whether the machine or the program behind it runs. Until it answers, backups go on without it.',
  bad_argument: 'Take it out of the policy, or "holdfast folders remove" it if this machine named it.',
};
