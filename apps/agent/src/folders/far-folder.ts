import { type AppError, isAppError } from '#libs/kernel';
import { type FarMount, farMountOn, farMounts } from '#libs/kernel/far-mounts';
import { backupResources } from '../backup/backup-resources.ts';

/** What a look at a folder on a far mount came to. */
export interface FarLook {
  /** `not_answering`, `file_not_found`, `access_denied` and the like; undefined: it is there and can be listed. */
  readonly trouble: AppError | undefined;
}

/**
 * Looks at those of some folders (absolute) that are on far mounts, which may hang, by way of other processes: at all at a time, so that several dead ones cost no
 * longer than one, and as long as a backup would. Not in the answer: who is on no such mount, and can be looked at here.
 */
export async function lookAtFar(
  paths: readonly string[],
  mounts: readonly FarMount[] = farMounts(),
): Promise<ReadonlyMap<string, FarLook>> {
  const onFar = [...new Set(paths)].filter((path) => farMountOn(path, mounts));
  if (onFar.length === 0) return new Map();
  const { currentPlatform, FarReaders } = await import('#libs/engine');
  const silentMs = silentMsOf(process.env);
  const far = new FarReaders({ mounts, ...(silentMs !== undefined && { silentMs }) });
  const look = async (path: string): Promise<[string, FarLook]> => {
    try {
      const bytes = Buffer.from(path);
      const { facts, far: reader } = await far.look(bytes, currentPlatform());
      if (facts.kind === 'directory') await reader?.listable(bytes);
      return [path, { trouble: undefined }];
    } catch (error) {
      if (!isAppError(error)) throw error;
      return [path, { trouble: error }];
    }
  };
  try {
    return new Map(await Promise.all(onFar.map(look)));
  } finally {
    far.close();
  }
}

/** A wrong setting is what a backup fails with; here it only says how long to wait. */
function silentMsOf(env: NodeJS.ProcessEnv): number | undefined {
  try {
    return backupResources(env).silentMs;
  } catch {
    return undefined;
  }
}
