import type { ConflictRule } from '#libs/contracts';
import type { Clock } from '#libs/kernel';
import type { BlockRejected, VaultReader } from '#libs/vault';
import type { FileProblem } from '../errors.ts';
import type { Platform } from '../platform/index.ts';
import type { OnProgress } from '../progress.ts';

export interface RestoreOptions {
  readonly reader: VaultReader;
  /** Sequence of the snapshot; default the latest. */
  readonly snapshot?: number | 'latest';
  /** Absolute paths inside the snapshot; none: everything. Bytes where a name is not UTF-8. */
  readonly paths?: readonly (string | Buffer)[];
  /** Folder that everything goes below, with its whole original path (`/home/ada/x` → `<to>/home/ada/x`); undefined: the original places. */
  readonly to?: string | Buffer;
  readonly conflict: ConflictRule;
  /** Count and plan only; nothing is fetched but trees, nothing written. */
  readonly dryRun?: boolean;
  /** Read everything back from the disk and compare with the chunk ids. */
  readonly verify?: boolean;
  /** Files that are there with the same size and modification time are taken as done: go on after an interruption. */
  readonly resume?: boolean;
  /** What `openReader` collected; lets the report count repaired corruptions and name the holder. */
  readonly rejected?: readonly BlockRejected[];
  /** Packs fetched at the same time; default 3. */
  readonly parallelPacks?: number;
  readonly onProgress?: OnProgress;
  readonly progressIntervalMs?: number;
  readonly signal?: AbortSignal;
  readonly clock?: Clock;
  readonly platform?: Platform;
}

export interface RestoreReport {
  readonly sequence: number;
  /** Where each root (or chosen path) went. */
  readonly placed: readonly { readonly from: string; readonly to: string }[];
  readonly files: number;
  readonly directories: number;
  /** Everything that is neither file nor directory. */
  readonly others: number;
  /** Plain bytes of the files restored. */
  readonly bytes: number;
  readonly filesSkipped: number;
  readonly packsNeeded: number;
  /** Packs that bytes were really read from. */
  readonly packsFetched: number;
  /** Sealed bytes needed of those packs. */
  readonly bytesFetched: number;
  readonly filesVerified: number;
  /** Blocks that one source had wrong and another had right. */
  readonly corruptionsRepaired: number;
  /** At most 10,000; `errorCount` counts all. */
  readonly errors: readonly FileProblem[];
  readonly errorCount: number;
  /** What could not be applied here (owners without root, device files, attributes), and names kept beside existing ones. */
  readonly notes: readonly FileProblem[];
}
