import type { TreeEntry } from '#libs/vault';
import { createChunker, createChunkIds, type FileContent, PackWriter } from '#libs/vault';
import { type Clock, isAppError, messageOf, systemRandom } from '#libs/kernel';
import { EngineError, throwIfInterrupted } from '../errors.ts';
import type { LocalVault } from '../local-vault/local-vault.ts';
import type { Platform } from '../platform/index.ts';
import { displayPath } from '../platform/index.ts';
import type { BackupCounts } from './backup-counts.ts';
import { contentOf } from './content-entries.ts';
import { backupLimits } from './limits.ts';
import type { BackupSession } from './session.ts';

/** A file whose content comes from a pipe: a database dump that never stands on a disk. */
export interface PipedFile {
  /** A plain name; it stands in the snapshot as `/stdin/<name>`. */
  readonly name: string;
  /** Read once, in order, as fast as it is sealed. Throwing says that what came before is not all of it. */
  readonly content: AsyncIterable<Uint8Array>;
}

export interface PipedFileOptions {
  readonly vault: LocalVault;
  readonly session: BackupSession;
  readonly counts: BackupCounts;
  readonly platform: Platform;
  readonly clock: Clock;
  readonly onBytes: () => void;
  readonly signal: AbortSignal | undefined;
}

/** Above piped files in the snapshot: no program keeps its own files there. */
const pipedFolder = 'stdin';

/** Path in the snapshot. Throws `unsafe_name`. */
export function pipedPath(platform: Platform, name: string): Buffer {
  const problem = platform.nameProblem(Buffer.from(name));
  if (problem) throw new EngineError('unsafe_name', `${displayPath(Buffer.from(name))}: the name ${problem}`);
  return platform.fromParts([Buffer.from(pipedFolder), Buffer.from(name)]);
}

/**
 * Chunks and seals what comes out of a pipe, in memory of one read buffer and the open packs. When the pipe fails, what came until then is kept,
 * marked as not whole, and the run is partial: half a dump is better than none and must never look like a whole one.
 */
export async function capturePiped({ name, content }: PipedFile, options: PipedFileOptions): Promise<TreeEntry> {
  const { vault, session, counts, platform, clock, signal } = options;
  const path = displayPath(pipedPath(platform, name));
  counts.current = Buffer.from(path);
  counts.files += 1;
  counts.newFiles += 1;
  const sealing = new PipeSealer(vault, session);
  let failure: unknown;
  try {
    for await (const piece of content) {
      throwIfInterrupted(signal);
      for (let at = 0; at < piece.length;) at += await sealing.take(piece.subarray(at));
      counts.bytes += piece.length;
      counts.readBytes += piece.length;
      options.onBytes();
    }
  } catch (error) {
    throwIfInterrupted(signal);
    // The store's failure ends the run; only the pipe's own is about this file.
    if (sealing.failed || isAppError(error, 'interrupted')) throw error;
    failure = error;
  }
  const { ids, newChunks, sizeBytes } = await sealing.finish();
  counts.newChunks += newChunks;
  for (let at = 0; at < ids.length; at += 32) session.needed.add(ids.subarray(at, at + 32));
  if (failure !== undefined) {
    counts.partial = true;
    counts.problem({
      path,
      code: 'input_incomplete',
      message: `${messageOf(failure)}; only ${sizeBytes} bytes of it were captured`,
    });
  }
  return entryOf(platform, clock, sizeBytes, await contentOf(ids, session.storeMeta), failure !== undefined);
}

function entryOf(platform: Platform, clock: Clock, size: number, content: FileContent | undefined, incomplete: boolean): TreeEntry {
  const [uid, gid] = [process.getuid?.() ?? 0, process.getgid?.() ?? 0];
  return {
    name: new Uint8Array(),
    type: 'file',
    // A dump is as private as the database that it is of.
    mode: 0o600,
    uid,
    gid,
    user: platform.userName(uid),
    group: platform.groupName(gid),
    mtimeNs: BigInt(Math.round(clock.nowMs())) * 1_000_000n,
    ctimeNs: undefined,
    birthtimeNs: undefined,
    size,
    inode: undefined,
    device: undefined,
    links: undefined,
    rdev: undefined,
    linkTarget: undefined,
    xattrs: undefined,
    dataRanges: undefined,
    content,
    tree: undefined,
    summary: undefined,
    error: undefined,
    changedWhileRead: incomplete ? true : undefined,
  };
}

/** Bytes in, chunk ids out; the packs go to the session. */
class PipeSealer {
  /** True once the vault itself failed. */
  failed = false;
  readonly #session: BackupSession;
  readonly #chunker;
  readonly #ids;
  readonly #writer: PackWriter;
  readonly #buffer: Buffer;
  #filled = 0;
  #sizeBytes = 0;
  #newChunks = 0;
  readonly #found: Uint8Array[] = [];

  constructor(vault: LocalVault, session: BackupSession) {
    const { keys, vaultId } = vault;
    const { primitives, random = systemRandom } = vault.options;
    const { epoch, parameters } = vault.header;
    this.#session = session;
    this.#chunker = createChunker(primitives, keys.gear, {
      minBytes: parameters.chunkMinBytes,
      avgBytes: parameters.chunkAvgBytes,
      maxBytes: parameters.chunkMaxBytes,
    });
    this.#ids = createChunkIds(primitives, keys.chunkId);
    this.#writer = new PackWriter({
      primitives,
      random,
      vaultId,
      keys,
      epoch,
      kind: 'data',
      targetBytes: parameters.dataPackBytes,
      compressionLevel: parameters.compressionLevel,
      blockHash: parameters.blockHash,
    });
    this.#buffer = Buffer.allocUnsafeSlow(backupLimits.streamBytes + parameters.chunkMaxBytes);
  }

  /** Takes as much as there is room for and says how much. */
  async take(piece: Uint8Array): Promise<number> {
    const count = Math.min(piece.length, this.#buffer.length - this.#filled);
    this.#buffer.set(piece.subarray(0, count), this.#filled);
    this.#filled += count;
    this.#sizeBytes += count;
    if (this.#filled === this.#buffer.length) await this.#seal(false);
    return count;
  }

  /** Everything is handed to the session. */
  async finish(): Promise<{ readonly ids: Uint8Array; readonly newChunks: number; readonly sizeBytes: number }> {
    await this.#seal(true);
    for (const pack of this.#writer.flush()) await this.#session.ports.store(pack);
    return { ids: new Uint8Array(Buffer.concat(this.#found)), newChunks: this.#newChunks, sizeBytes: this.#sizeBytes };
  }

  async #seal(final: boolean): Promise<void> {
    try {
      let start = 0;
      while (start < this.#filled) {
        const end = this.#chunker.nextCut(this.#buffer, start, this.#filled, final);
        if (end < 0) break;
        const plaintext = this.#buffer.subarray(start, end);
        const id = this.#ids.of('data', plaintext);
        const [isNew] = await this.#session.ports.claim(id);
        if (isNew === 1) {
          this.#newChunks += 1;
          for (const pack of this.#writer.add('data', id, plaintext)) await this.#session.ports.store(pack);
        }
        this.#found.push(id);
        start = end;
      }
      this.#buffer.copyWithin(0, start, this.#filled);
      this.#filled -= start;
    } catch (error) {
      this.failed = true;
      throw error;
    }
  }
}
