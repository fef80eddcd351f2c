import { createHash } from 'node:crypto';
import { equalBytes, isAppError, utf8 } from '#libs/kernel';
import type { EntryType, Snapshot, TreeEntry, VaultReader } from '#libs/vault';
import { shownTimeNs } from '../shown-time.ts';
import type { FuseAttributes } from './fuse-wire.ts';

/** What the kernel knows of a snapshot's entry, a snapshot, or the folder of all snapshots. */
export interface SnapshotNode {
  readonly id: number;
  readonly parent: SnapshotNode | undefined;
  readonly entry: TreeEntry;
  readonly attributes: FuseAttributes;
  /** Undefined: above all snapshots. */
  readonly snapshot: Snapshot | undefined;
  /** Names inside the snapshot, from the top. */
  readonly path: readonly Uint8Array[];
  /** The kernel's references to it. */
  references: number;
}

/** The kernel's number of the topmost folder. */
const rootId = 1;
const typeBits: Readonly<Record<EntryType, number>> = {
  fifo: 0o010000,
  'char-device': 0o020000,
  directory: 0o040000,
  'block-device': 0o060000,
  file: 0o100000,
  symlink: 0o120000,
  socket: 0o140000,
};
/** Backup programs that know the tag (bford.info/cachedir) leave what is mounted here out: it is a backup already. */
const tag = {
  name: 'CACHEDIR.TAG',
  text: 'Signature: 8a477f597d28d172789f06886806bc55\n# Snapshots, mounted by holdfast: leave them out of backups.\n',
};

/**
 * A vault's snapshots as the nodes of a file system: a folder for each, named by its number and time, a link `latest` to the newest of everything,
 * and below each everything where it was. Keeps what the kernel refers to, and reads folders as they are asked for.
 */
export class SnapshotNodes {
  readonly root: SnapshotNode;
  readonly #reader: VaultReader;
  /** Of the root: all there is in it. */
  readonly #top: readonly { readonly entry: TreeEntry; readonly snapshot: Snapshot | undefined }[];
  readonly #byId = new Map<number, SnapshotNode>();
  readonly #byName = new Map<SnapshotNode, Map<string, SnapshotNode>>();
  #nextId = rootId + 1;

  constructor(reader: VaultReader, folders: readonly { readonly name: string; readonly snapshot: Snapshot }[], latest: string | undefined) {
    this.#reader = reader;
    const newestMs = Math.max(0, ...folders.map(({ snapshot }) => snapshot.endedAtMs));
    const made = (name: string, type: EntryType, timeMs: number, more: Partial<TreeEntry> = {}): TreeEntry => ({
      ...{
        name: utf8(name),
        type,
        mode: type === 'file' ? 0o444 : 0o555,
        uid: process.getuid?.() ?? 0,
        gid: process.getgid?.() ?? 0,
        size: 0,
      },
      ...{ mtimeNs: BigInt(timeMs) * 1_000_000n, ...more },
    });
    const root = made('', 'directory', newestMs);
    this.#top = [
      ...folders.map(({ name, snapshot }) => ({ entry: made(name, 'directory', snapshot.endedAtMs), snapshot })),
      ...(latest === undefined ? [] : [{ entry: made('latest', 'symlink', newestMs, { linkTarget: utf8(latest) }), snapshot: undefined }]),
      { entry: made(tag.name, 'file', newestMs, { size: tag.text.length }), snapshot: undefined },
    ];
    const attributes = attributesOf(root, undefined, undefined);
    this.root = { id: rootId, parent: undefined, entry: root, attributes, snapshot: undefined, path: [], references: 1 };
    this.#byId.set(rootId, this.root);
  }

  /** Undefined: the kernel has forgotten it, or made it up. */
  node(id: number): SnapshotNode | undefined {
    return this.#byId.get(id);
  }

  get count(): number {
    return this.#byId.size;
  }

  /** The entry of that name in a folder; nothing is referred to yet. */
  async find(folder: SnapshotNode, name: Uint8Array, signal: AbortSignal): Promise<TreeEntry | undefined> {
    const known = this.#byName.get(folder)?.get(keyOf(name));
    if (known) return known.entry;
    if (!folder.snapshot) return this.#top.find(({ entry }) => equalBytes(entry.name, name))?.entry;
    try {
      return await this.#reader.entry(folder.snapshot, [...folder.path, name], { signal });
    } catch (error) {
      if (isAppError(error) && ['path_not_found', 'unsafe_name', 'limit_exceeded'].includes(error.code)) return undefined;
      throw error;
    }
  }

  /** All in a folder, in the order of names. Throws what the vault's reader throws; `content_lost` comes at the end. */
  async *list(folder: SnapshotNode, signal: AbortSignal): AsyncGenerator<TreeEntry> {
    if (folder.snapshot) yield* this.#reader.list(folder.snapshot, folder.path, { signal });
    else for (const { entry } of this.#top) yield entry;
  }

  /** One more reference of the kernel's to an entry of this folder. */
  refer(folder: SnapshotNode, entry: TreeEntry): SnapshotNode {
    let names = this.#byName.get(folder);
    if (!names) this.#byName.set(folder, (names = new Map()));
    const key = keyOf(entry.name);
    let node = names.get(key);
    if (!node) {
      const snapshot = folder.snapshot ?? this.#top.find((one) => one.entry === entry)?.snapshot;
      const path = folder.snapshot ? [...folder.path, entry.name] : [];
      node = { id: this.#nextId, parent: folder, entry, attributes: attributesOf(entry, folder, snapshot), snapshot, path, references: 0 };
      this.#nextId += 1;
      names.set(key, node);
      this.#byId.set(node.id, node);
    }
    node.references += 1;
    return node;
  }

  /** So many references fewer; at none it is let go of. */
  forget(id: number, count: number): void {
    const node = this.#byId.get(id);
    if (!node?.parent) return;
    node.references -= count;
    if (node.references > 0) return;
    this.#byId.delete(id);
    const names = this.#byName.get(node.parent);
    names?.delete(keyOf(node.entry.name));
    if (names?.size === 0) this.#byName.delete(node.parent);
  }

  /** Bytes of a file; `range` lies inside of it. */
  read(node: SnapshotNode, range: { readonly offset: number; readonly length: number }, signal: AbortSignal): AsyncGenerator<Uint8Array> {
    if (!node.snapshot) return one(utf8(tag.text).subarray(range.offset, range.offset + range.length));
    return this.#reader.readFile(node.entry, { ...range, signal });
  }
}

/** As `stat` shows them. The inode is the same whenever and however an entry of `folder` is looked at, and that of all names of one file. */
export function attributesOf(entry: TreeEntry, folder: SnapshotNode | undefined, snapshot: Snapshot | undefined): FuseAttributes {
  const linked = entry.type !== 'directory' && (entry.links ?? 1) > 1 && entry.inode !== undefined;
  const inode = linked
    ? inodeFrom(utf8(`${snapshot?.sequence ?? 0} ${entry.device ?? 0n} ${entry.inode}`))
    : folder && inodeFrom(utf8(`${folder.attributes.inode}/`), entry.name);
  const mtimeNs = shownTimeNs(entry, snapshot);
  return {
    inode: inode ?? BigInt(rootId),
    size: entry.type === 'symlink' ? (entry.linkTarget?.length ?? 0) : entry.size,
    dataBytes: entry.dataRanges ? entry.dataRanges.reduce((all, { length }) => all + length, 0) : entry.size,
    mtimeNs,
    ctimeNs: entry.ctimeNs ?? mtimeNs,
    mode: typeBits[entry.type] | entry.mode,
    // For folders 1 says that nothing can be told from it.
    links: entry.type === 'directory' ? 1 : (entry.links ?? 1),
    uid: entry.uid,
    gid: entry.gid,
    rdev: Number((entry.rdev ?? 0n) & 0xffff_ffffn),
  };
}

function inodeFrom(...parts: readonly Uint8Array[]): bigint {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(part);
  return hash.digest().readBigUInt64LE(0) | 2n;
}

async function* one(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}

function keyOf(name: Uint8Array): string {
  return Buffer.from(name.buffer, name.byteOffset, name.length).toString('latin1');
}
