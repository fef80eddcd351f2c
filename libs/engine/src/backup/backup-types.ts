import type { SnapshotStats } from '#libs/contracts';
import type { Clock } from '#libs/kernel';
import type { PackInfo } from '#libs/vault';
import type { FileProblem } from '../errors.ts';
import type { LocalVault } from '../local-vault/local-vault.ts';
import type { Platform } from '../platform/index.ts';
import type { OnProgress } from '../progress.ts';
import type { ScanOptions } from '../scan/scan-folder.ts';
import type { PipedFile } from './piped-file.ts';

export interface BackupOptions extends ScanOptions {
  readonly vault: LocalVault;
  /** Folders or single files, absolute or relative to the working folder; bytes where a name is not UTF-8. */
  readonly folders: readonly (string | Buffer)[];
  /** Also captured, as a root of its own beside the folders, of which there may then be none. */
  readonly piped?: PipedFile;
  /** Take a file as unchanged though its inode number differs (file systems that make them up). */
  readonly ignoreInode?: boolean;
  /** Take a file as unchanged though its change time differs (after a copy of the whole disk). */
  readonly ignoreCtime?: boolean;
  /** Read every file, whatever its times say. */
  readonly readAll?: boolean;
  readonly host: string;
  readonly user: string;
  readonly tags?: readonly string[];
  /** These folders are not everything that the device is to back up. */
  readonly adHoc?: boolean;
  /**
   * Threads that read, chunk and seal; 0 works in this thread. Default: one a core, at most four; 0 where `platform` or the vault's files are not
   * the system's own, which a thread would use. They start only when there is enough to do.
   */
  readonly workers?: number;
  /** Bytes to read from which the threads start; this thread goes on until they are ready. 0: they seal everything. Default 32 MiB. */
  readonly workersFromBytes?: number;
  /**
   * The sealing threads, which have nearly all of the work, give way to other programs. Only on Linux, where a priority is a thread's: elsewhere it is the whole
   * process's, and its owner's to set. Default false.
   */
  readonly giveWay?: boolean;
  /** Memory that the process may have while it backs up: fewer threads where it is small (64 MiB each, beside some 140 MiB). Default: no limit. */
  readonly memoryBytes?: number;
  /** Silence after which a far mount (Linux: network shares, file systems of programs) is left out as `not_answering`. Default 15 s. */
  readonly silentMs?: number;
  readonly onProgress?: OnProgress;
  readonly progressIntervalMs?: number;
  readonly signal?: AbortSignal;
  readonly clock?: Clock;
  readonly platform?: Platform;
}

/** What the coordinator is told of a snapshot; see `CommitSnapshot` in contracts. Bytes here, base64url there. */
export interface CommittedSnapshot {
  readonly sequence: number;
  readonly headSequence: number;
  readonly headBytes: Uint8Array;
  /** Zlib-deflated bitmap of the ordinals of all packs that a restore needs, index packs included. */
  readonly neededPacks: Uint8Array;
  readonly neededPackCount: number;
  readonly startedAtMs: number;
  readonly endedAtMs: number;
  readonly partial: boolean;
  /** Of named paths only; see `SnapshotRecord`. */
  readonly adHoc: boolean;
  readonly stats: SnapshotStats;
}

export interface BackupResult {
  readonly snapshot: CommittedSnapshot;
  /** Packs that this run stored, the index pack last. */
  readonly newPacks: readonly PackInfo[];
  /** Files and folders that could not be read, at most 10,000 of them; `stats.errors` counts all. */
  readonly problems: readonly FileProblem[];
  /** Left out with a reason, at most 10,000: sockets, other file systems, too large, vanished. */
  readonly notes: readonly FileProblem[];
}
