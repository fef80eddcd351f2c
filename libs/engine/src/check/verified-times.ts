import { createHash } from 'node:crypto';
import type { PackId } from '#libs/kernel';
import { isAppError } from '#libs/kernel';
import type { DurableFiles } from '#libs/kernel/node';

const magic = Buffer.from('HFVT\x01');
const digestBytes = 32;
/** First 8 bytes of SHA-256 of the pack id, seconds since 1970. */
const entryBytes = 12;
/** A million packs. */
const maxBytes = 16 * 1024 * 1024;

/** When each pack's bytes were last read and found right: so that checks of a part come round to everything. */
export interface VerifiedTimes {
  /** Milliseconds since 1970, or undefined: never, as far as is known. */
  lastMs(packId: PackId): number | undefined;
  verified(packId: PackId, nowMs: number): void;
}

/**
 * When a pack was last read, as far as it can be believed: a time that is still to come was noted by a clock that ran ahead, and with it the pack would wait for its
 * next reading until that time. Such a pack counts as never read.
 */
export function believedMs(times: VerifiedTimes, packId: PackId, nowMs: number): number | undefined {
  const lastMs = times.lastMs(packId);
  return lastMs === undefined || lastMs > nowMs ? undefined : lastMs;
}

/**
 * {@link VerifiedTimes} in one small file: 12 bytes a pack, with a checksum. It may be lost: then everything counts as never verified. A file
 * that is damaged counts as lost.
 */
export class VerifiedTimesFile implements VerifiedTimes {
  readonly #files: DurableFiles;
  readonly #path: string;
  readonly #times: Map<string, number>;
  #changed = false;

  private constructor(files: DurableFiles, path: string, times: Map<string, number>) {
    this.#files = files;
    this.#path = path;
    this.#times = times;
  }

  static async open(files: DurableFiles, path: string): Promise<VerifiedTimesFile> {
    try {
      return new VerifiedTimesFile(files, path, decode(Buffer.from(await files.read(path, { maxBytes }))));
    } catch (error) {
      if (!isAppError(error)) throw error;
      return new VerifiedTimesFile(files, path, new Map());
    }
  }

  lastMs(packId: PackId): number | undefined {
    const seconds = this.#times.get(keyOf(packId));
    return seconds === undefined ? undefined : seconds * 1000;
  }

  verified(packId: PackId, nowMs: number): void {
    this.#times.set(keyOf(packId), Math.max(0, Math.min(0xffff_ffff, Math.floor(nowMs / 1000))));
    this.#changed = true;
  }

  /** Writes what is known of these packs; the others are forgotten. */
  async save(packs: Iterable<PackId>): Promise<void> {
    if (!this.#changed) return;
    const entries: Buffer[] = [];
    for (const packId of packs) {
      const key = keyOf(packId);
      const seconds = this.#times.get(key);
      if (seconds === undefined) continue;
      const entry = Buffer.alloc(entryBytes);
      entry.write(key, 0, 'latin1');
      entry.writeUInt32LE(seconds, 8);
      entries.push(entry);
    }
    const body = Buffer.concat(entries);
    await this.#files.replace(this.#path, Buffer.concat([magic, digestOf(body), body]));
    this.#changed = false;
  }
}

function decode(bytes: Buffer): Map<string, number> {
  const times = new Map<string, number>();
  const body = bytes.subarray(magic.length + digestBytes);
  const head = bytes.subarray(0, magic.length);
  if (!head.equals(magic) || body.length % entryBytes !== 0) return times;
  if (!digestOf(body).equals(bytes.subarray(magic.length, magic.length + digestBytes))) return times;
  for (let at = 0; at < body.length; at += entryBytes) times.set(body.toString('latin1', at, at + 8), body.readUInt32LE(at + 8));
  return times;
}

const digestOf = (bytes: Uint8Array): Buffer => createHash('sha256').update(bytes).digest();
const keyOf = (packId: PackId): string => createHash('sha256').update(packId).digest().toString('latin1', 0, 8);
