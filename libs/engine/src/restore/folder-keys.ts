import type { FolderTarget, FolderTargets } from './folder-targets.ts';

/** By what {@link FolderTargets} knows a folder: its path inside the snapshot, byte for byte. */
export const folderKey = (path: readonly Uint8Array[]): string =>
  path.map((name) => Buffer.from(name.buffer, name.byteOffset, name.byteLength).toString('latin1')).join('/');

/** The folders that entries of a walk go into. Entries of a folder follow each other: its target is looked up once for them. */
export class Parents {
  readonly #folders: FolderTargets;
  #above: readonly Uint8Array[] = [];
  #target: FolderTarget | undefined;

  constructor(folders: FolderTargets) {
    this.#folders = folders;
  }

  /** Of the folder that the entry at `path` is in; undefined when it could not be made or is left out. */
  of(path: readonly Uint8Array[]): FolderTarget | undefined {
    const same = this.#above.length === path.length - 1 && this.#above.every((name, i) => name === path[i]);
    if (same && this.#target) return this.#target;
    this.#above = path.slice(0, -1);
    return (this.#target = this.#folders.get(folderKey(this.#above)));
  }
}
