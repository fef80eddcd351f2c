import type { Clock, PackId } from '#libs/kernel';
import type { ChunkOpener, PackStore, VaultReader, VerifiedBlocks } from '#libs/vault';
import type { OnProgress } from '../progress.ts';
import type { VerifiedTimes } from './verified-times.ts';

export type FindingCode =
  | 'head_invalid'
  | 'record_invalid'
  | 'records_chain_broken'
  | 'tree_unreadable'
  | 'chunk_not_indexed'
  | 'pack_missing'
  | 'pack_size_differs'
  | 'directory_disagrees'
  | 'pack_corrupt'
  | 'chunk_corrupt'
  | 'live_digest_differs'
  | 'pack_unknown'
  | 'packs_retired'
  | 'parts_lost';

/** `note`: worth knowing, nothing lost. */
export interface Finding {
  readonly severity: 'error' | 'note';
  readonly code: FindingCode;
  readonly message: string;
  readonly packId?: PackId;
  readonly sequence?: number;
  readonly path?: string;
}

/** How much of the packs' bytes to read: of a share or an amount the packs come first whose last reading is longest ago. */
export type ReadData = 'none' | 'all' | { readonly percent: number } | { readonly bytes: number };

/** Spread what `openReader` or `LocalVault.openReader` gives: `check({ ...(await openReader(…)), store })`. */
export interface CheckOptions {
  readonly reader: VaultReader;
  /** With both, packs are opened: directories against the index, and data when asked. Their sources are what is being checked. */
  readonly blocks?: VerifiedBlocks;
  readonly opener?: ChunkOpener;
  /** The owner's own store: also checks that every pack is there. Without it only what the reader can reach is checked. */
  readonly store?: PackStore;
  /** Packs that a prune took out of the vault and that stay in `store` until their release is accepted. */
  readonly retired?: ReadonlySet<PackId>;
  /** Packs that a repair has given up; one of them in `store` has come back. */
  readonly lost?: ReadonlySet<PackId>;
  readonly readData?: ReadData;
  /** Only what is quick: records, trees, index, and that every pack is there with its size. No pack's directory is opened. */
  readonly structureOnly?: boolean;
  /** When each pack was last read and found right; kept up to date. Without it a share is chosen at random. */
  readonly verifiedTimes?: VerifiedTimes;
  readonly clock?: Clock;
  readonly random?: { bytes(length: number): Uint8Array };
  readonly onProgress?: OnProgress;
  readonly signal?: AbortSignal;
}

export interface CheckReport {
  readonly ok: boolean;
  readonly findings: readonly Finding[];
  /** Errors beyond those in `findings`. */
  readonly unlistedErrors: number;
  readonly snapshots: number;
  readonly packs: number;
  readonly trees: number;
  readonly files: number;
  readonly packsRead: number;
  readonly bytesRead: number;
  /** Packs whose bytes were never read by a check yet, or not since the times were lost; undefined without `verifiedTimes`. */
  readonly packsNeverRead: number | undefined;
  /** When the pack was read whose last reading is longest ago; undefined when one never was, or without `verifiedTimes`. */
  readonly oldestReadMs: number | undefined;
}
