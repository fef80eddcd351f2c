import type { ConflictRule } from '#libs/contracts';
import type { Clock } from '#libs/kernel';
import type { BlockRejected, VaultReader } from '#libs/vault';
import type { FileProblem } from '../errors.ts';
import type { Platform } from '../platform/index.ts';
import type { OnProgress } from '../progress.ts';

export interface RestoreOptions {
  readonly reader: VaultReader;
  /** Sequence of the snapshot; default the latest that speaks for `paths`, see `VaultReader.latest`. */
  readonly snapshot?: number | 'latest';
  /** Absolute paths inside the snapshot; none: everything. Bytes where a name is not UTF-8. */
  readonly paths?: readonly (string | Buffer)[];
  /** Folder that everything goes below, with its whole original path (`/home/ada/x` → `<to>/home/ada/x`); undefined: the original places. */
  readonly to?: string | Buffer;
  readonly conflict: ConflictRule;
  /** Count and plan only; nothing is fetched but trees, nothing written. */
  readonly dryRun?: boolean;
  /** Read everything back, from the disk where the system can be made to, and compare with the chunk ids. */
  readonly verify?: boolean;
  /** What `openReader` collected; lets the report count repaired corruptions and name the holder. */
  readonly rejected?: readonly BlockRejected[];
  /** Packs fetched at the same time; default 4. */
  readonly parallelPacks?: number;
  /** Threads that open chunks and write files; 0, the default: this one. Only with the system's own platform. */
  readonly workers?: number;
  /** Default true: what was written is on the disk for good when the restore resolves. False: when the system gets to it. */
  readonly durable?: boolean;
  /** Default false. True for what another machine made: no set-id bits, no capabilities, no devices. */
  readonly withoutPowers?: boolean;
  /** Go on though the disk seems to have too little room: on a file system that compresses it may have enough. */
  readonly ignoreFreeSpace?: boolean;
  readonly onProgress?: OnProgress;
  readonly progressIntervalMs?: number;
  readonly signal?: AbortSignal;
  readonly clock?: Clock;
  readonly platform?: Platform;
}

export interface RestoreReport {
  readonly sequence: number;
  /** Where each root (or chosen path) really went; what was left out is not there. */
  readonly placed: readonly { readonly from: string; readonly to: string }[];
  readonly files: number;
  readonly directories: number;
  /** Everything that is neither file nor directory. */
  readonly others: number;
  /** Plain bytes of the files restored. */
  readonly bytes: number;
  /** Left as they were, by the conflict rule. */
  readonly filesSkipped: number;
  /** There already and the same, by their chunk ids: neither fetched nor written. */
  readonly filesUnchanged: number;
  /** Plain bytes that did not have to be fetched since they were on this disk, in files that are the same or were begun. */
  readonly bytesUnchanged: number;
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
