import { equalBytes, isAppError, utf8 } from '#libs/kernel';
import type { Snapshot, TreeEntry, VaultReader } from '#libs/vault';
import { shownTimeNs, timeOfNs } from './shown-time.ts';
import { type SnapshotFolder, snapshotFolders } from './snapshot-folders.ts';

/** What stands at a path of the shelf. */
export interface ShelfItem {
  readonly name: Uint8Array;
  readonly kind: 'folder' | 'file';
  readonly sizeBytes: number;
  readonly mtimeNs: bigint;
  readonly birthtimeNs?: bigint | undefined;
  /** Files: what to read. */
  readonly entry?: TreeEntry | undefined;
}

/** Links to links are followed this far, as Linux does. */
const maxLinks = 40;

/**
 * A vault's snapshots side by side as folders: `latest`, and one for each by its number and time. Below a snapshot everything
 * stands where it was. Links to files show what they point to; other links, devices, fifos and what could not be read are left
 * out. Reads trees as they are asked for and keeps nothing.
 */
export class SnapshotShelf {
  readonly #reader: VaultReader;
  readonly #folders: readonly SnapshotFolder[];

  private constructor(reader: VaultReader, folders: readonly SnapshotFolder[]) {
    this.#reader = reader;
    this.#folders = folders;
  }

  /** `latest`: the newest snapshot of everything, where there is one. Reads every record. */
  static async open(reader: VaultReader, signal?: AbortSignal): Promise<SnapshotShelf> {
    const { folders, latest } = await snapshotFolders(reader, signal);
    return new SnapshotShelf(reader, latest ? [{ name: 'latest', snapshot: latest.snapshot }, ...folders] : folders);
  }

  /** Undefined when there is nothing there. */
  async item(path: readonly Uint8Array[], signal?: AbortSignal): Promise<ShelfItem | undefined> {
    const [first, ...names] = path;
    if (!first) return { name: new Uint8Array(0), kind: 'folder', sizeBytes: 0, mtimeNs: newestNs(this.#folders) };
    const folder = this.#folder(first);
    if (!folder) return undefined;
    if (names.length === 0) return folderItem(folder);
    const entry = await this.#entry(folder.snapshot, names, signal);
    return entry && this.#shown(folder.snapshot, names.slice(0, -1), entry, signal);
  }

  /** What is in a folder; nothing for a file. */
  async *list(path: readonly Uint8Array[], signal?: AbortSignal): AsyncGenerator<ShelfItem> {
    const [first, ...names] = path;
    if (!first) {
      for (const folder of this.#folders) yield folderItem(folder);
      return;
    }
    const folder = this.#folder(first);
    if (!folder) return;
    try {
      for await (const entry of this.#reader.list(folder.snapshot, names, signal ? { signal } : {})) {
        const item = await this.#shown(folder.snapshot, names, entry, signal);
        if (item) yield item;
      }
    } catch (error) {
      if (!isAppError(error) || !['path_not_found', 'invalid_input', 'not_captured', 'content_lost'].includes(error.code)) throw error;
    }
  }

  /** Bytes of a file of the shelf. */
  read(item: ShelfItem, range: { readonly offset: number; readonly length: number }, signal?: AbortSignal): AsyncGenerator<Uint8Array> {
    return this.#reader.readFile(item.entry!, { ...range, ...(signal && { signal }) });
  }

  #folder(name: Uint8Array): SnapshotFolder | undefined {
    return this.#folders.find((one) => equalBytes(utf8(one.name), name));
  }

  async #entry(snapshot: Snapshot, names: readonly Uint8Array[], signal?: AbortSignal): Promise<TreeEntry | undefined> {
    try {
      return await this.#reader.entry(snapshot, names, signal ? { signal } : {});
    } catch (error) {
      if (isAppError(error) && ['path_not_found', 'unsafe_name', 'limit_exceeded', 'content_lost'].includes(error.code)) return undefined;
      throw error;
    }
  }

  async #shown(snapshot: Snapshot, folder: readonly Uint8Array[], entry: TreeEntry, signal?: AbortSignal): Promise<ShelfItem | undefined> {
    const { name } = entry;
    let found: TreeEntry | undefined = entry;
    let above = folder;
    for (let links = 0; found?.type === 'symlink' && links < maxLinks; links += 1) {
      const target = linkedPath(above, found.linkTarget);
      if (!target || target.length === 0) return undefined;
      found = await this.#entry(snapshot, target, signal);
      // A link to a folder could lead around in circles for whoever looks into every folder.
      if (found?.type === 'directory') return undefined;
      above = target.slice(0, -1);
    }
    if (found?.type === 'directory')
      return { name, kind: 'folder', sizeBytes: 0, mtimeNs: shownTimeNs(found, snapshot), birthtimeNs: found.birthtimeNs };
    if (found?.type !== 'file' || found.error !== undefined) return undefined;
    return { name, kind: 'file', sizeBytes: found.size, mtimeNs: found.mtimeNs, birthtimeNs: found.birthtimeNs, entry: found };
  }
}

/** Where a link in a folder leads, inside the same snapshot. */
function linkedPath(folder: readonly Uint8Array[], target: Uint8Array | undefined): Uint8Array[] | undefined {
  if (!target || target.length === 0) return undefined;
  const path = target[0] === 0x2f ? [] : [...folder];
  let from = 0;
  for (let at = 0; at <= target.length; at += 1) {
    if (at < target.length && target[at] !== 0x2f) continue;
    const name = target.slice(from, at);
    from = at + 1;
    if (name.length === 0 || equalBytes(name, utf8('.'))) continue;
    if (equalBytes(name, utf8('..'))) path.pop();
    else path.push(name);
  }
  return path;
}

function folderItem({ name, snapshot }: SnapshotFolder): ShelfItem {
  return { name: utf8(name), kind: 'folder', sizeBytes: 0, mtimeNs: timeOfNs(snapshot) };
}

function newestNs(folders: readonly SnapshotFolder[]): bigint {
  return BigInt(Math.max(0, ...folders.map(({ snapshot }) => snapshot.endedAtMs))) * 1_000_000n;
}
