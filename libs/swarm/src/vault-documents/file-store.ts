import { join } from 'node:path';
import type { VaultId } from '#libs/kernel';
import { Mutex, isVaultId } from '#libs/kernel';
import type { DurableFiles } from '#libs/kernel/node';
import { FilesError, nodeFiles } from '#libs/kernel/node';
import { SwarmError } from '../errors.ts';
import { encodeDocuments, maxHeadBytes, maxHeaderBytes, readDocuments } from './messages.ts';
import type { OwnerCheckOptions } from './owner-check.ts';
import { checkOwner } from './owner-check.ts';
import type { VaultDocumentStore, VaultDocuments } from './store.ts';

export interface FileVaultDocumentOptions extends OwnerCheckOptions {
  readonly files?: DurableFiles;
}

const maxFileBytes = maxHeaderBytes + maxHeadBytes + 64;

/** Other vaults' documents, one file each: `<folder>/<vaultId>.documents`, replaced whole, checked by {@link checkOwner}. */
export class FileVaultDocumentStore implements VaultDocumentStore {
  readonly #folder: string;
  readonly #files: DurableFiles;
  readonly #options: FileVaultDocumentOptions;
  readonly #writes = new Mutex();

  constructor(folder: string, options: FileVaultDocumentOptions = {}) {
    this.#folder = folder;
    this.#files = options.files ?? nodeFiles;
    this.#options = options;
  }

  async get(vaultId: VaultId): Promise<VaultDocuments | undefined> {
    if (!isVaultId(vaultId)) return undefined;
    let bytes: Uint8Array;
    try {
      bytes = await this.#files.read(this.#path(vaultId), { maxBytes: maxFileBytes });
    } catch (error) {
      if (error instanceof FilesError && error.code === 'file_not_found') return undefined;
      throw new SwarmError('store_failed', `the documents of vault ${vaultId} can't be read`, { context: { vaultId }, cause: error });
    }
    let at = 0;
    try {
      return await readDocuments(vaultId, (length) => {
        const part = bytes.slice(at, at + length);
        at += length;
        return Promise.resolve(part.length === length ? part : undefined);
      });
    } catch {
      // Altered on the disk: as good as not there, and the owner's next push replaces it.
      return undefined;
    }
  }

  async put(documents: VaultDocuments): Promise<number> {
    if (!isVaultId(documents.vaultId)) throw new SwarmError('document_invalid', 'not a vault id');
    const bytes = encodeDocuments(documents);
    return this.#writes.run(async () => {
      const previous = await this.get(documents.vaultId);
      if (previous && previous.sequence > documents.sequence) return previous.sequence;
      checkOwner(documents, previous, this.#options);
      try {
        await this.#files.replace(this.#path(documents.vaultId), bytes);
      } catch (error) {
        const full = error instanceof FilesError && error.code === 'disk_full';
        throw new SwarmError(full ? 'store_full' : 'store_failed', `the documents of vault ${documents.vaultId} could not be kept`, {
          status: full ? 'temporary' : 'permanent',
          context: { vaultId: documents.vaultId },
          cause: error,
        });
      }
      return documents.sequence;
    });
  }

  #path(vaultId: VaultId): string {
    return join(this.#folder, `${vaultId}.documents`);
  }
}
