import { type AppError, isAppError } from '#libs/kernel';
import { EngineError } from '../errors.ts';
import { leadsTo } from '../platform/held-folder.ts';
import { displayPath, type HeldFolder, type Owner, type Platform } from '../platform/index.ts';
import { restoreLimits } from './limits.ts';
import type { FolderIdentity } from './write-messages.ts';

/** A folder that files are written into, held while a run is written. */
export interface Held {
  readonly identity: FolderIdentity;
  readonly path: Buffer;
  readonly folder: HeldFolder;
  /** Whose files are that this account makes in it, once one was made: the same for all, so only the first is asked. */
  owner?: Owner;
}

/**
 * The folders of a run, each looked at once: it must be the very one that the restore made or checked. When it is let go its path must still lead
 * to it, or what was written meanwhile stands where nobody looks for it: `lost` hears of it.
 */
export class HeldFolders {
  readonly #platform: Platform;
  readonly #lost: (held: Held, error: AppError) => void;
  readonly #held = new Map<string, Held>();

  constructor(platform: Platform, lost: (held: Held, error: AppError) => void) {
    this.#platform = platform;
    this.#lost = lost;
  }

  /** Throws `symlink_in_path` when it was exchanged. At most {@link restoreLimits.heldFolders} are held; the one that was held longest goes. */
  hold(identity: FolderIdentity): Held {
    const known = this.#held.get(identity.path);
    if (known) return known;
    if (this.#held.size >= restoreLimits.heldFolders) this.#release(this.#held.values().next().value!);
    const path = Buffer.from(identity.path, 'latin1');
    const folder = this.#open(path);
    const { inode, device } = folder.facts;
    if (inode !== identity.inode || device !== identity.device) {
      folder.close();
      throw exchanged(path);
    }
    const held = { identity, path, folder };
    this.#held.set(identity.path, held);
    return held;
  }

  releaseAll(): void {
    for (const held of this.#held.values()) this.#release(held);
  }

  #open(path: Buffer): HeldFolder {
    try {
      return this.#platform.holdFolder(path);
    } catch (error) {
      if (isAppError(error, 'not_a_folder') || isAppError(error, 'symlink_in_path') || isAppError(error, 'file_not_found'))
        throw exchanged(path);
      throw error;
    }
  }

  #release(held: Held): void {
    this.#held.delete(held.identity.path);
    let problem: AppError | undefined;
    try {
      if (!held.folder.isThere()) problem = exchanged(held.path);
    } catch (error) {
      if (!isAppError(error)) throw error;
      problem = error;
    }
    try {
      if (problem) this.#lost(held, problem);
    } finally {
      held.folder.close();
    }
  }
}

/** Throws `symlink_in_path` when the folder is not the one that it was. */
export function assertUnchanged(platform: Platform, identity: FolderIdentity): void {
  const path = Buffer.from(identity.path, 'latin1');
  if (!leadsTo(platform, path, identity)) throw exchanged(path);
}

const exchanged = (path: Buffer): EngineError =>
  new EngineError('symlink_in_path', `${displayPath(path)}: was exchanged during the restore`);
