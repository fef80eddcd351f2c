/** Everything that differs between operating systems, as one port. Names and paths are bytes all through: they need not be UTF-8. */

export type FileKind = 'file' | 'directory' | 'symlink' | 'fifo' | 'character-device' | 'block-device' | 'socket' | 'unknown';

/** What the file system says about a name, the link itself and never its target. Times are ns since 1970 (UTC). */
export interface FileFacts {
  readonly kind: FileKind;
  /** Permission bits with setuid, setgid and sticky: 12 bits. */
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly sizeBytes: number;
  /** What it takes on the disk: less than the size means holes. */
  readonly allocatedBytes: number;
  readonly mtimeNs: bigint;
  readonly ctimeNs: bigint;
  /** 0 where the file system does not keep it. */
  readonly birthtimeNs: bigint;
  readonly device: bigint;
  readonly inode: bigint;
  readonly links: number;
  /** Device number of a character or block device, in the system's own encoding. */
  readonly deviceNumber: bigint;
}

export interface ExtendedAttribute {
  readonly name: Buffer;
  readonly value: Buffer;
}

export interface DataRange {
  readonly offset: number;
  readonly length: number;
}

/** `unsupported`: this system, file system or account can't; nothing changed, and a note says so. */
export type Applied = 'done' | 'unsupported';

/** Held until released or until the process ends, however it ends. */
export interface FileLock {
  release(): void;
}

export interface PlatformCapabilities {
  readonly nanosecondTimes: boolean;
  readonly symlinkTimes: boolean;
  readonly extendedAttributes: boolean;
  /** POSIX ACLs travel as extended attributes. */
  readonly accessControlLists: boolean;
  readonly sparseFiles: boolean;
  readonly fifos: boolean;
  readonly devices: boolean;
  readonly ownership: boolean;
  /** {@link Platform.syncAll} works. */
  readonly syncAll: boolean;
  /** File names may be any bytes but `/` and NUL. */
  readonly arbitraryNames: boolean;
}

export interface Owner {
  readonly uid: number;
  readonly gid: number;
}

/** What is said of a file that is made whole. */
export interface WholeFileFacts {
  /** Without set-id and sticky bits: nine bits. */
  readonly mode: number;
  readonly mtimeNs: bigint;
  /** Another one than the system gives to what is made in this folder. */
  readonly owner?: Owner;
}

/**
 * A folder that is held on to: what is made, opened, renamed and removed through it, by plain names, is in this very folder and never elsewhere,
 * whatever its path leads to by then. Where a system can't hold folders, `create` looks again and throws `symlink_in_path` when the folder was exchanged.
 */
export interface HeldFolder {
  /** As it was taken hold of. */
  readonly facts: FileFacts;
  /** Its path still leads to it. */
  isThere(): boolean;
  /** See {@link Platform.create}, {@link Platform.openToWrite}, {@link Platform.rename}. */
  create(name: Buffer): OpenFile;
  openToWrite(name: Buffer): OpenFile;
  rename(from: Buffer, to: Buffer): void;
  /**
   * Makes a file with all that is in it and all that is said of it before it has a name: whenever it is stopped there is the whole file or nothing. Never replaces
   * anything (`file_exists`). `unsupported`: it can't be done so here, and nothing happened. Absent where the system has no files without a name.
   */
  readonly placeWhole?: (name: Buffer, bytes: Uint8Array, facts: WholeFileFacts) => Applied;
  /** Removes a file; no error when nothing is there. */
  remove(name: Buffer): void;
  /** Must be called once. */
  close(): void;
}

/** An open regular file. Reads and writes are at explicit positions. */
export interface OpenFile {
  facts(): FileFacts;
  /** Bytes read into `into`; fewer than asked for only at the end of the file. */
  read(into: Uint8Array, position: number): number;
  write(bytes: Uint8Array, position: number): void;
  /**
   * {@link write} in the background: `bytes` must stay as they are, and the file open, until it resolves. Goes past the system's page cache where this system
   * and file system can: whole pages, when address and position are as far into a page as each other.
   */
  writeLater(bytes: Uint8Array, position: number): Promise<void>;
  truncate(sizeBytes: number): void;
  /** Takes room on the disk for that many bytes from the start, content unchanged. Throws `disk_full`. */
  preallocate(sizeBytes: number): Applied;
  /** Lets the next read come from the disk instead of memory, as far as the system can; nothing else changes. */
  forgetCached(): void;
  setMode(mode: number): void;
  owner(): Owner;
  setOwner(uid: number, gid: number): Applied;
  setTimes(mtimeNs: bigint): Applied;
  /** {@link Platform.extendedAttributes} of this very file. */
  extendedAttributes(): ExtendedAttribute[];
  /** Ranges that hold data, in order; undefined where the system can't tell, or `goOn`, which is asked after each, does not want to know any more. */
  dataRanges(sizeBytes: number, goOn?: (soFar: number) => boolean): DataRange[] | undefined;
  sync(): void;
  close(): void;
}

/**
 * The file system as backup and restore see it.
 *
 * Calls are synchronous on purpose: one call takes microseconds where a trip through Node's thread pool takes fifty, and the pipelines run in
 * worker threads or yield between batches. No call follows a symbolic link in the last part of a path.
 * Throws `EngineError` with a file code (`file_not_found`, `access_denied`, …); `disk_full` when there is no room.
 * One conformance suite (`conformance.ts`) holds every adapter to this, on its own system.
 */
export interface Platform {
  readonly name: 'linux' | 'macos' | 'windows';
  readonly capabilities: PlatformCapabilities;
  /** Whether ownership and device files can be restored: the superuser. */
  readonly privileged: boolean;
  /** Gitignore lines that are left out unless asked otherwise: caches, trash, what the system makes again by itself. */
  readonly defaultExcludes: readonly string[];

  /** Absolute form of a path that a person typed, without `.` and `..`. */
  absolute(path: string | Buffer): Buffer;
  /** The parts of an absolute path below the root. */
  split(path: Buffer): Buffer[];
  join(folder: Buffer, name: Buffer): Buffer;
  /** Where a path that a person chose really is, links followed. Only for folders above those that a snapshot names. */
  realPath(path: Buffer): Buffer;
  /** Inverse of {@link split}. */
  fromParts(parts: readonly Buffer[]): Buffer;
  /** Why a name from a snapshot can't be created here, or undefined when it can. */
  nameProblem(name: Uint8Array): string | undefined;

  facts(path: Buffer): FileFacts;
  /** {@link facts} in the background: costs several times as much, and several wait for a disk at the same time. */
  factsLater(path: Buffer): Promise<FileFacts>;
  /** {@link facts}, or undefined when nothing is there. */
  factsIfAny(path: Buffer): FileFacts | undefined;
  /** Names in a folder, without `.` and `..`, in no order. Asynchronous: a folder may hold millions. */
  names(folder: Buffer): Promise<Buffer[]>;
  /** The same at once: an eighth of the processor time where they are few. */
  namesNow(folder: Buffer): Buffer[];
  linkTarget(path: Buffer): Buffer;
  extendedAttributes(path: Buffer): ExtendedAttribute[];
  userName(uid: number): string | undefined;
  groupName(gid: number): string | undefined;
  userId(name: string): number | undefined;
  groupId(name: string): number | undefined;

  /** Opens a regular file for reading without following a link, without blocking on a fifo and, where allowed, without touching its access time. */
  openToRead(path: Buffer): OpenFile;
  /** Creates a new file, mode 0600, failing with `file_exists` when anything is there. */
  create(path: Buffer): OpenFile;
  /** Opens a file that {@link create} made, to write more of it. */
  openToWrite(path: Buffer): OpenFile;
  /** Takes hold of a folder. Throws `not_a_folder` for anything else, a link to one included. */
  holdFolder(path: Buffer): HeldFolder;
  /** Makes `to` a file that shares its blocks with `from` until one of them is written; only where that costs no copy. */
  clone(from: Buffer, to: Buffer): Applied;
  /** Bytes that this account may still write on the file system of this folder; undefined where it can't be told. */
  freeBytes(folder: Buffer): number | undefined;
  makeFolder(path: Buffer, mode: number): void;
  /** Replaces whatever is at `to` except a folder. */
  rename(from: Buffer, to: Buffer): void;
  hardLink(existing: Buffer, path: Buffer): void;
  symlink(target: Buffer, path: Buffer): void;
  fifo(path: Buffer, mode: number): Applied;
  device(path: Buffer, kind: 'character-device' | 'block-device', deviceNumber: bigint, mode: number): Applied;
  /** Removes a file, link or empty folder; no error when nothing is there. */
  remove(path: Buffer, kind: 'file' | 'folder'): void;
  setMode(path: Buffer, mode: number): void;
  setOwner(path: Buffer, uid: number, gid: number): Applied;
  setTimes(path: Buffer, mtimeNs: bigint): Applied;
  setExtendedAttribute(path: Buffer, attribute: ExtendedAttribute): Applied;
  removeExtendedAttribute(path: Buffer, name: Buffer): Applied;
  /** Takes an exclusive lock on a file (created empty) without waiting; undefined when somebody has it, this process included. */
  lock(path: Buffer): Promise<FileLock | undefined>;
  /**
   * For page-aligned memory that is written from again and again: the system may give it large pages, so that it need not look up every small one for each write past
   * the page cache. Absent where it has none.
   */
  readonly preferLargePages?: (memory: Uint8Array) => void;
  /** Makes everything written so far to this folder's names durable. */
  syncFolder(path: Buffer): void;
  /**
   * Makes a file's bytes, or a folder's names, durable, in the background. No error when nothing or a link is there by now. `unsupported`: this
   * account can't open it. Throws `io_failed`.
   */
  syncPath(path: Buffer): Promise<Applied>;
  /**
   * Makes everything written so far to the file system of this folder durable, whoever wrote it. In the background: other work goes on.
   * `unsupported`: each file must be made durable by itself. Throws `io_failed` when the disk did not take it all.
   */
  syncAll(folder: Buffer): Promise<Applied>;
}
