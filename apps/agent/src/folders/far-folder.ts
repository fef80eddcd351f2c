import { type AppError, isAppError } from '#libs/kernel';
import { farMountOn } from '#libs/kernel/far-mounts';

/** What a look at a folder on a far mount came to. */
export interface FarLook {
  /** `not_answering`, `file_not_found`, `access_denied` and the like; undefined: it is there. */
  readonly trouble: AppError | undefined;
}

/** Looks at a folder (absolute) by way of another process if it is on a far mount, which may hang. Undefined: it is not, and can be looked at here. */
export async function lookIfFar(path: string): Promise<FarLook | undefined> {
  if (!farMountOn(path)) return undefined;
  const { currentPlatform, FarReaders } = await import('#libs/engine');
  const far = new FarReaders();
  try {
    await far.look(Buffer.from(path), currentPlatform());
    return { trouble: undefined };
  } catch (error) {
    if (!isAppError(error)) throw error;
    return { trouble: error };
  } finally {
    far.close();
  }
}
