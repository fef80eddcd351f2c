import type { Primitives } from '#libs/crypto';
import type { ChunkIndex, StoreChunk, TreeEntry, TreeSummary, VaultReader } from '#libs/vault';
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
  readonly rules: ChangeRules;
  readonly counts: BackupCounts;
  readonly needed: NeededPacks;
  readonly report: () => void;
  readonly signal: AbortSignal | undefined;
}

/** One name on the walk. */
export interface Place {
  readonly path: Buffer;
  /** Below the backed-up folder, for the exclude rules. */
  readonly below: string;
  readonly name: Uint8Array;
  readonly facts: FileFacts;
  readonly parent: TreeEntry | undefined;
}

/** A finished entry; undefined when it vanished. `same`: it stands in the parent snapshot exactly so. */
export interface Slot {
  readonly entry: TreeEntry | undefined;
  readonly same: boolean;
}

/** What an entry adds to its folder's summary. */
export function summaryOf(entry: TreeEntry): TreeSummary {
  if (entry.type === 'directory') {
    const below = entry.summary ?? { files: 0, directories: 0, bytes: 0 };
    return { files: below.files, directories: below.directories + 1, bytes: below.bytes };
  }
  return { files: entry.type === 'file' ? 1 : 0, directories: 0, bytes: entry.size };
}
