import { equalBytes, messageOf, utf8 } from '#libs/kernel';
import { serveHere } from '#libs/kernel/served-here';
import type { VaultReader } from '#libs/vault';
import { EngineError } from '../../errors.ts';
import { snapshotFolders } from '../snapshot-folders.ts';
import { type FuseChannel, mountFuse } from './fuse-channel.ts';
import {
  attributeName,
  decodeAttributeSize,
  decodeForgets,
  decodeRead,
  decodeRequest,
  decodeSeek,
  encodeAttributes,
  encodeAttributeSize,
  encodeEntry,
  encodeInit,
  encodeOpen,
  encodeReply,
  encodeSeek,
  encodeStatistics,
  type FuseErrorName,
  fuseErrors,
  fuseLimits,
  fuseOpcodes,
  type FuseRequest,
  handleOf,
  interruptedOf,
  nameOf,
  openFlags,
} from './fuse-wire.ts';
import { OpenFile } from './open-file.ts';
import { OpenFolder } from './open-folder.ts';
import { type SnapshotNode, SnapshotNodes } from './snapshot-nodes.ts';

export interface MountSnapshotsOptions {
  readonly reader: VaultReader;
  /** An existing folder, absolute. */
  readonly folder: string;
  /** Something could not be read; whoever asked for it was told EIO. */
  readonly onError?: (message: string) => void;
  readonly signal?: AbortSignal;
}

export interface SnapshotMount {
  /** Settles once it is mounted no more, whoever took it away. Rejects when the kernel can't be spoken to. */
  readonly ended: Promise<void>;
  close(): Promise<void>;
}

/**
 * A vault's snapshots as a read-only file system of Linux (FUSE, spoken here: see fuse-wire.ts). Modes, owners, times, extended attributes, links,
 * devices and holes are shown as they were captured; only who mounted it sees anything of it. Everything is read and checked when it is asked for; what
 * can't be had is EIO, never other bytes. Throws `unsupported`, `mount_failed`.
 */
export async function mountSnapshots({ reader, folder, onError, signal }: MountSnapshotsOptions): Promise<SnapshotMount> {
  if (process.platform !== 'linux')
    throw new EngineError('unsupported', `snapshots can't be mounted on a folder on ${process.platform}`, {
      nextStep: 'Leave the folder out: they are then shown over WebDAV, which the file manager mounts.',
    });
  const { folders, latest } = await snapshotFolders(reader, signal);
  const nodes = new SnapshotNodes(reader, folders, latest?.name);
  const noMore = serveHere(folder);
  let channel: FuseChannel;
  try {
    channel = await mountFuse(folder);
  } catch (error) {
    noMore();
    throw error;
  }
  const serving = new Serving(nodes, channel, onError ?? (() => undefined));
  return { ended: serving.run().finally(noMore), close: () => channel.unmount() };
}

type Answer = Uint8Array | FuseErrorName | undefined;

class Serving {
  readonly #nodes: SnapshotNodes;
  readonly #channel: FuseChannel;
  readonly #onError: (message: string) => void;
  readonly #handles = new Map<number, OpenFile | OpenFolder>();
  readonly #running = new Map<bigint, AbortController>();
  #nextHandle = 1;

  constructor(nodes: SnapshotNodes, channel: FuseChannel, onError: (message: string) => void) {
    this.#nodes = nodes;
    this.#channel = channel;
    this.#onError = onError;
  }

  async run(): Promise<void> {
    const memory = Buffer.allocUnsafe(fuseLimits.requestBytes);
    try {
      for (let bytes = await this.#channel.next(memory); bytes; bytes = await this.#channel.next(memory)) {
        // Answers come when they are there; the memory is needed for the next request.
        const request = decodeRequest(Buffer.from(bytes));
        if (request) this.#serve(request);
      }
    } finally {
      for (const stop of this.#running.values()) stop.abort(new DOMException('nothing is mounted any more', 'AbortError'));
      for (const handle of this.#handles.values()) handle.close();
    }
  }

  #serve(request: FuseRequest): void {
    const { opcode, unique, node, body } = request;
    if (opcode === fuseOpcodes.forget || opcode === fuseOpcodes.batchForget) {
      for (const one of decodeForgets(opcode, node, body)) this.#nodes.forget(one.node, one.count);
      return;
    }
    if (opcode === fuseOpcodes.interrupt) {
      this.#running.get(interruptedOf(body))?.abort(new DOMException('whoever asked has gone', 'AbortError'));
      return;
    }
    const stop = new AbortController();
    this.#running.set(unique, stop);
    const interrupted = new Promise<Answer>((resolve) => stop.signal.addEventListener('abort', () => resolve('EINTR'), { once: true }));
    const answer = this.#answer(request, stop.signal).catch((error: unknown): Answer => {
      if (!stop.signal.aborted) this.#onError(messageOf(error));
      return 'EIO';
    });
    void Promise.race([answer, interrupted]).then((result) => {
      this.#running.delete(unique);
      this.#channel.reply(typeof result === 'string' ? encodeReply(unique, fuseErrors[result]) : encodeReply(unique, 0, result));
    });
  }

  async #answer({ opcode, node: id, body }: FuseRequest, signal: AbortSignal): Promise<Answer> {
    if (opcode === fuseOpcodes.init) return encodeInit(body) ?? 'EIO';
    if (opcode === fuseOpcodes.destroy || opcode === fuseOpcodes.flush) return undefined;
    const node = this.#nodes.node(id);
    if (!node) return 'ENOENT';
    switch (opcode) {
      case fuseOpcodes.lookup:
        return this.#lookup(node, nameOf(body), signal);
      case fuseOpcodes.getattr:
        return encodeAttributes(node.attributes);
      case fuseOpcodes.readlink:
        return node.entry.linkTarget ?? 'EINVAL';
      case fuseOpcodes.opendir:
        if (node.entry.type !== 'directory') return 'ENOTDIR';
        return encodeOpen(this.#handle(new OpenFolder(this.#nodes, node)), openFlags.cacheDir | openFlags.keepCache);
      case fuseOpcodes.open:
        if (node.entry.type === 'directory') return 'EISDIR';
        return encodeOpen(this.#handle(new OpenFile(this.#nodes, node)), openFlags.keepCache);
      case fuseOpcodes.readdir:
      case fuseOpcodes.readdirplus:
        return this.#readFolder(body, opcode === fuseOpcodes.readdirplus, signal);
      case fuseOpcodes.read:
        return this.#readFile(body, signal);
      case fuseOpcodes.release:
      case fuseOpcodes.releasedir:
        this.#handles.get(handleOf(body))?.close();
        this.#handles.delete(handleOf(body));
        return undefined;
      case fuseOpcodes.statfs:
        return encodeStatistics(this.#nodes.count, 0);
      case fuseOpcodes.getxattr:
        return sized(node.entry.xattrs?.find(({ name }) => equalBytes(name, attributeName(body)))?.value, decodeAttributeSize(body));
      case fuseOpcodes.listxattr:
        return sized(attributeNames(node), decodeAttributeSize(body));
      case fuseOpcodes.lseek:
        return seek(node, body);
      default:
        return 'ENOSYS';
    }
  }

  async #lookup(folder: SnapshotNode, name: Buffer, signal: AbortSignal): Promise<Answer> {
    if (folder.entry.type !== 'directory') return 'ENOTDIR';
    const entry = await this.#nodes.find(folder, name, signal);
    // Interrupted meanwhile: the kernel gets no reference, so none is counted.
    if (signal.aborted) return 'EINTR';
    if (!entry) return encodeEntry(0, undefined);
    const node = this.#nodes.refer(folder, entry);
    return encodeEntry(node.id, node.attributes);
  }

  async #readFolder(body: Buffer, plus: boolean, signal: AbortSignal): Promise<Answer> {
    const asked = decodeRead(body);
    const folder = asked && this.#handles.get(asked.handle);
    if (!(folder instanceof OpenFolder)) return 'EBADF';
    return folder.read(asked!.offset, asked!.size, plus, signal);
  }

  async #readFile(body: Buffer, signal: AbortSignal): Promise<Answer> {
    const asked = decodeRead(body);
    const file = asked && this.#handles.get(asked.handle);
    if (!(file instanceof OpenFile)) return 'EBADF';
    return file.read(asked!.offset, asked!.size, signal);
  }

  #handle(opened: OpenFile | OpenFolder): number {
    const handle = this.#nextHandle;
    this.#nextHandle += 1;
    this.#handles.set(handle, opened);
    return handle;
  }
}

function attributeNames({ entry }: SnapshotNode): Uint8Array {
  return Buffer.concat((entry.xattrs ?? []).flatMap(({ name }) => [name, utf8('\0')]));
}

/** getxattr(2) and listxattr(2): the length alone, or the value if it fits. */
function sized(value: Uint8Array | undefined, room: number): Answer {
  if (!value) return 'ENODATA';
  if (room === 0) return encodeAttributeSize(value.length);
  return value.length > room ? 'ERANGE' : value;
}

/** lseek(2) with SEEK_DATA or SEEK_HOLE; the end of a file counts as a hole. */
function seek({ entry }: SnapshotNode, body: Buffer): Answer {
  const asked = decodeSeek(body);
  if (!asked?.to) return 'EINVAL';
  const { offset, to } = asked;
  if (offset >= entry.size) return 'ENXIO';
  const ranges = entry.dataRanges ?? [{ offset: 0, length: entry.size }];
  const at = ranges.find((range) => offset < range.offset + range.length);
  if (to === 'data') return at ? encodeSeek(Math.max(offset, at.offset)) : 'ENXIO';
  if (!at || offset < at.offset) return encodeSeek(offset);
  return encodeSeek(Math.min(entry.size, at.offset + at.length));
}
