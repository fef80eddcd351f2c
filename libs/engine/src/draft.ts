import type { VaultId } from '#libs/kernel';
import type { BlockRejected, BlockSource, ChunkIndex, PackInfo, PackTable, VaultHeader, VaultHead, VaultReader } from '#libs/vault';
import type { Primitives } from '#libs/crypto';
import type { CheckOptions, CheckReport } from './check/check-types.ts';
import type { CompareOptions, Difference } from './compare/compare-types.ts';
import type { RestoreOptions, RestoreReport } from './restore/restore-types.ts';

export declare function restore(options: RestoreOptions): Promise<RestoreReport>;
export declare function check(options: CheckOptions): Promise<CheckReport>;
/** Two folders (or files), byte by byte with all metadata. No differences: an empty list. */
export declare function compareTrees(left: string, right: string, options?: CompareOptions): Promise<Difference[]>;
export interface OpenReaderOptions {
  readonly primitives: Primitives;
  readonly masterKey: Uint8Array;
  readonly headerBytes: Uint8Array;
  readonly headBytes: Uint8Array;
  /** Local store first, then holders. */
  readonly sources: readonly BlockSource[];
  readonly expectedSigningKey?: Uint8Array;
  readonly onRejected?: (rejected: BlockRejected) => void;
  readonly signal?: AbortSignal;
}
/** A reader over several sources that remembers which blocks were bad where: pass both to `restore`. */
export declare function openReader(
  options: OpenReaderOptions,
): Promise<{ readonly reader: VaultReader; readonly rejected: readonly BlockRejected[] }>;
export type { ChunkIndex, PackInfo, PackTable, VaultHead, VaultHeader, VaultId };
