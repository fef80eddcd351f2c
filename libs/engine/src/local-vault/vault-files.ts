import { join } from 'node:path';
import { equalBytes, isAppError } from '#libs/kernel';
import { limits } from '#libs/vault';
import { EngineError } from '../errors.ts';
import { currentPlatform, type FileLock } from '../platform/index.ts';
import type { LocalVaultOptions } from './local-vault-types.ts';

/** The small files of a vault on this machine: `header`, `head`, and the lock that makes one process their only writer. */
export class VaultFiles {
  readonly #options: Pick<LocalVaultOptions, 'files' | 'folder' | 'platform'>;

  constructor(options: Pick<LocalVaultOptions, 'files' | 'folder' | 'platform'>) {
    this.#options = options;
  }

  path(name: 'header' | 'head' | 'lock' | 'session.journal' | 'retired' | 'lost' | 'index.cache'): string {
    return join(this.#options.folder, name);
  }

  async exists(): Promise<boolean> {
    return (await this.#options.files.size(this.path('header'))) !== undefined;
  }

  /** Throws `vault_busy` when another process has it. */
  async lock(): Promise<FileLock> {
    const { files, folder } = this.#options;
    const path = this.path('lock');
    // An empty file, made through the port so that its folder is there and private.
    if ((await files.size(path)) === undefined) await files.replace(path, new Uint8Array());
    const lock = await (this.#options.platform ?? currentPlatform()).lock(Buffer.from(path));
    if (lock) return lock;
    throw new EngineError('vault_busy', 'another process is working on this vault', {
      status: 'temporary',
      context: { folder },
      nextStep: 'Wait until the running backup is over, then try again.',
    });
  }

  /** What writes that were cut off left behind goes away. */
  sweep(): Promise<unknown> {
    return this.#options.files.sweep(this.#options.folder);
  }

  readHeader(): Promise<Uint8Array> {
    return this.#options.files.read(this.path('header'), { maxBytes: limits.headerBytes });
  }

  async replaceHeader(bytes: Uint8Array): Promise<void> {
    await this.#options.files.replace(this.path('header'), bytes);
  }

  /** Throws `vault_state_corrupt` when there is none. */
  async readHead(): Promise<Uint8Array> {
    const { files, folder } = this.#options;
    try {
      return await files.read(this.path('head'), { maxBytes: limits.headBytes });
    } catch (error) {
      if (!isAppError(error, 'file_not_found')) throw error;
      throw new EngineError('vault_state_corrupt', 'the vault has a header but no head', {
        context: { folder },
        nextStep: 'Fetch the head from the coordinator or a holder.',
        cause: error,
      });
    }
  }

  /**
   * Puts a head in the place of `known`, the one that it was made from. Throws `vault_changed`, and leaves the file alone, when
   * something else stands there: a process that slept through another's writes (a lock that did not hold) must not undo them.
   */
  async replaceHead(bytes: Uint8Array, known: Uint8Array | undefined): Promise<void> {
    if (known && !equalBytes(await this.readHead(), known)) {
      throw new EngineError('vault_changed', 'another process changed this vault meanwhile', {
        status: 'temporary',
        context: { folder: this.#options.folder },
        nextStep: 'Run it again: it starts from the newest state, and what was sealed is used.',
      });
    }
    await this.#options.files.replace(this.path('head'), bytes);
  }
}

export function noVault(folder: string): EngineError {
  return new EngineError('vault_not_found', 'there is no vault in this folder', {
    context: { folder },
    nextStep: 'Join a team first, or restore the vault header from the coordinator.',
  });
}
