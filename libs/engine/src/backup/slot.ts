import type { Primitives } from '#libs/crypto';
import type { ChunkIndex, StoreChunk, TreeEntry, TreeSummary, VaultReader } from '#libs/vault';
import type { FarFiles } from '../far/far-files.ts';
import type { FarReader } from '../far/far-reader.ts';
import type { FileFacts, Platform } from '../platform/index.ts';
import type { BackupCounts } from './backup-counts.ts';
import type { ChangeRules } from './change-detection.ts';
import type { FileBatches } from './file-batches.ts';
import type { NeededPacks } from './needed-packs.ts';

/** What every part of a walk works with. */
export interface WalkContext {
  readonly platform: Platform;
  readonly primitives: Primitives;
  readonly gearKey: Uint8Array;
  readonly reader: VaultReader;
  readonly index: ChunkIndex;
  /** For trees and chunk lists. */
  readonly store: StoreChunk;
  readonly batches: FileBatches;
  /** Those that may not be read here. */
  readonly farFiles: FarFiles;
  readonly rules: ChangeRules;
  readonly counts: BackupCounts;
  readonly needed: NeededPacks;
  readonly report: () => void;
  readonly signal: AbortSignal | undefined;
}

/** One name on the walk. */
export interface Place {
  readonly path: Buffer;
  /** Of a folder: below the backed-up one, for the exclude rules. */
  readonly below: string;
  readonly name: Uint8Array;
  readonly facts: FileFacts;
  readonly parent: TreeEntry | undefined;
  /** Who reads it and what is below it; undefined: this process. */
  readonly far: FarReader | undefined;
}

/** A finished entry; undefined when it vanished. `same`: it stands in the parent snapshot exactly so. */
export interface Slot {
  readonly entry: TreeEntry | undefined;
  readonly same: boolean;
}

/** A slot that somebody else finishes. Where it is filled by the time it is looked at, as most are, nothing is waited for. */
export class LaterSlot {
  #slot: Slot | undefined;
  #failure: { readonly error: unknown } | undefined;
  #waiting: PromiseWithResolvers<Slot> | undefined;

  /** The first call counts, of this and of {@link fail}. */
  fill(slot: Slot): void {
    this.#slot = slot;
    this.#waiting?.resolve(slot);
  }

  fail(error: unknown): void {
    this.#failure = { error };
    this.#waiting?.reject(error);
  }

  /** Throws or rejects with what {@link fail} was given. */
  get(): Slot | Promise<Slot> {
    if (this.#slot) return this.#slot;
    if (this.#failure) throw this.#failure.error;
    this.#waiting ??= Promise.withResolvers<Slot>();
    return this.#waiting.promise;
  }
}

/** A name that was started on. */
export interface Started {
  readonly slot: Slot | LaterSlot | Promise<Slot>;
}

/** What an entry adds to its folder's summary. */
export function summaryOf(entry: TreeEntry): TreeSummary {
  if (entry.type === 'directory') {
    const below = entry.summary ?? { files: 0, directories: 0, bytes: 0 };
    return { files: below.files, directories: below.directories + 1, bytes: below.bytes };
  }
  return { files: entry.type === 'file' ? 1 : 0, directories: 0, bytes: entry.size };
}
