/**
 * The kernel's side of a file system in user space: numbers and layouts of `include/uapi/linux/fuse.h` (protocol 7.31), as far as a
 * file system that is only read needs them. Little-endian: so is every machine that Node.js runs on. All functions are pure.
 */

/** The version that is spoken; kernels before 4.20 (7.28) are not asked to. */
const fuseVersion = { major: 7, minor: 31, leastMinor: 28 } as const;

export const fuseOpcodes = {
  lookup: 1,
  forget: 2,
  getattr: 3,
  readlink: 5,
  open: 14,
  read: 15,
  statfs: 17,
  release: 18,
  getxattr: 22,
  listxattr: 23,
  flush: 25,
  init: 26,
  opendir: 27,
  readdir: 28,
  releasedir: 29,
  access: 34,
  interrupt: 36,
  destroy: 38,
  batchForget: 42,
  readdirplus: 44,
  lseek: 46,
} as const;

/** errno.h of Linux. */
export const fuseErrors = {
  ENOENT: 2,
  EINTR: 4,
  EIO: 5,
  ENXIO: 6,
  EBADF: 9,
  ENOTDIR: 20,
  EISDIR: 21,
  EINVAL: 22,
  EROFS: 30,
  ERANGE: 34,
  ENOSYS: 38,
  ENODATA: 61,
} as const;

export type FuseErrorName = keyof typeof fuseErrors;

const initFlags = { exportSupport: 1 << 4, readdirplus: 1 << 13, readdirplusAuto: 1 << 14, parallelDirOps: 1 << 18, maxPages: 1 << 22 };
/** FOPEN_KEEP_CACHE, FOPEN_CACHE_DIR: what is in a snapshot never changes. */
export const openFlags = { keepCache: 1 << 1, cacheDir: 1 << 3 } as const;

export const fuseLimits = {
  /** Largest request: names and headers; nothing is ever written. The kernel asks for at least 8 KiB. */
  requestBytes: 64 * 1024,
  /** Most bytes of one read: 256 pages, a typical chunk. */
  readBytes: 1024 * 1024,
  /** How long the kernel may believe what it was told: a snapshot stays as it is. */
  validSeconds: 86_400,
} as const;

const inHeaderBytes = 40;
const outHeaderBytes = 16;
const attributeBytes = 88;
const entryBytes = 40 + attributeBytes;

export interface FuseRequest {
  readonly opcode: number;
  readonly unique: bigint;
  readonly node: number;
  readonly body: Buffer;
}

/** Undefined: cut short, or of another length than it says. */
export function decodeRequest(bytes: Buffer): FuseRequest | undefined {
  if (bytes.length < inHeaderBytes || bytes.readUInt32LE(0) !== bytes.length) return undefined;
  return {
    opcode: bytes.readUInt32LE(4),
    unique: bytes.readBigUInt64LE(8),
    node: Number(bytes.readBigUInt64LE(16)),
    body: bytes.subarray(inHeaderBytes),
  };
}

/** `error` is an errno, 0 for none. */
export function encodeReply(unique: bigint, error: number, body: Uint8Array = new Uint8Array(0)): Buffer {
  const bytes = Buffer.allocUnsafe(outHeaderBytes + body.length);
  bytes.writeUInt32LE(bytes.length, 0);
  bytes.writeInt32LE(-error, 4);
  bytes.writeBigUInt64LE(unique, 8);
  bytes.set(body, outHeaderBytes);
  return bytes;
}

/** A name at the start of a body, without its NUL. */
export function nameOf(body: Buffer): Buffer {
  const end = body.indexOf(0);
  return body.subarray(0, end < 0 ? body.length : end);
}

export interface FuseAttributes {
  readonly inode: bigint;
  readonly size: number;
  /** Without holes: by this programs see that a file has some. */
  readonly dataBytes: number;
  readonly mtimeNs: bigint;
  readonly ctimeNs: bigint;
  /** With the bits of the type. */
  readonly mode: number;
  readonly links: number;
  readonly uid: number;
  readonly gid: number;
  readonly rdev: number;
}

const second = 1_000_000_000n;

/** Floor division, so that times before 1970 keep a nanosecond part of 0 … 999,999,999. */
function split(ns: bigint): { seconds: bigint; rest: number } {
  const rest = ((ns % second) + second) % second;
  return { seconds: (ns - rest) / second, rest: Number(rest) };
}

function writeAttributes(into: Buffer, at: number, attributes: FuseAttributes): void {
  const modified = split(attributes.mtimeNs);
  const changed = split(attributes.ctimeNs);
  into.writeBigUInt64LE(attributes.inode, at);
  into.writeBigUInt64LE(BigInt(attributes.size), at + 8);
  into.writeBigUInt64LE(BigInt(Math.ceil(attributes.dataBytes / 512)), at + 16);
  into.writeBigInt64LE(modified.seconds, at + 24);
  into.writeBigInt64LE(modified.seconds, at + 32);
  into.writeBigInt64LE(changed.seconds, at + 40);
  into.writeUInt32LE(modified.rest, at + 48);
  into.writeUInt32LE(modified.rest, at + 52);
  into.writeUInt32LE(changed.rest, at + 56);
  into.writeUInt32LE(attributes.mode, at + 60);
  into.writeUInt32LE(attributes.links, at + 64);
  into.writeUInt32LE(attributes.uid, at + 68);
  into.writeUInt32LE(attributes.gid, at + 72);
  into.writeUInt32LE(attributes.rdev, at + 76);
  into.writeUInt32LE(4096, at + 80);
  into.writeUInt32LE(0, at + 84);
}

export function encodeAttributes(attributes: FuseAttributes): Buffer {
  const bytes = Buffer.alloc(16 + attributeBytes);
  bytes.writeBigUInt64LE(BigInt(fuseLimits.validSeconds), 0);
  writeAttributes(bytes, 16, attributes);
  return bytes;
}

function writeEntry(into: Buffer, at: number, node: number, attributes: FuseAttributes | undefined): void {
  into.fill(0, at, at + entryBytes);
  into.writeBigUInt64LE(BigInt(node), at);
  into.writeBigUInt64LE(BigInt(fuseLimits.validSeconds), at + 16);
  into.writeBigUInt64LE(BigInt(fuseLimits.validSeconds), at + 24);
  if (attributes) writeAttributes(into, at + 40, attributes);
}

/** Without `attributes`: there is no such name, and there will be none. */
export function encodeEntry(node: number, attributes: FuseAttributes | undefined): Buffer {
  const bytes = Buffer.alloc(entryBytes);
  writeEntry(bytes, 0, attributes ? node : 0, attributes);
  return bytes;
}

export interface FuseListed {
  readonly name: Uint8Array;
  /** 0: the kernel gets no reference (`.` and `..`). */
  readonly node: number;
  readonly attributes: FuseAttributes;
}

/** Entries of a folder for one answer, as many as fit into `room` bytes. */
export class FuseListing {
  readonly #parts: Buffer[] = [];
  #bytes = 0;
  readonly #room: number;
  readonly #plus: boolean;

  /** `plus`: with attributes, so that `ls -l` needs no further question. */
  constructor(room: number, plus: boolean) {
    this.#room = room;
    this.#plus = plus;
  }

  get empty(): boolean {
    return this.#bytes === 0;
  }

  /** Takes room for an entry that is added later; false when there is not enough. */
  reserve(name: Uint8Array): boolean {
    const length = this.#length(name);
    if (this.#bytes + length > this.#room) return false;
    this.#bytes += length;
    return true;
  }

  /** `offset`: where a next reading goes on after this entry. */
  add({ name, node, attributes }: FuseListed, offset: number): void {
    const head = this.#plus ? entryBytes : 0;
    const length = this.#length(name);
    const bytes = Buffer.alloc(length);
    if (this.#plus && node !== 0) writeEntry(bytes, 0, node, attributes);
    bytes.writeBigUInt64LE(attributes.inode, head);
    bytes.writeBigUInt64LE(BigInt(offset), head + 8);
    bytes.writeUInt32LE(name.length, head + 16);
    bytes.writeUInt32LE((attributes.mode & 0o170000) >>> 12, head + 20);
    bytes.set(name, head + 24);
    this.#parts.push(bytes);
  }

  bytes(): Buffer {
    return Buffer.concat(this.#parts);
  }

  #length(name: Uint8Array): number {
    return (this.#plus ? entryBytes : 0) + Math.ceil((24 + name.length) / 8) * 8;
  }
}

/** Answer to the first request of all. Undefined: that kernel is too old. */
export function encodeInit(body: Buffer): Buffer | undefined {
  if (body.length < 16 || body.readUInt32LE(0) !== fuseVersion.major || body.readUInt32LE(4) < fuseVersion.leastMinor) return undefined;
  const offered = body.readUInt32LE(12);
  const wanted = Object.values(initFlags).reduce((all, flag) => all | flag, 0);
  const bytes = Buffer.alloc(64);
  bytes.writeUInt32LE(fuseVersion.major, 0);
  bytes.writeUInt32LE(fuseVersion.minor, 4);
  bytes.writeUInt32LE(Math.min(body.readUInt32LE(8), fuseLimits.readBytes), 8);
  bytes.writeUInt32LE((offered & wanted) >>> 0, 12);
  bytes.writeUInt16LE(12, 16);
  bytes.writeUInt16LE(9, 18);
  bytes.writeUInt32LE(4096, 20);
  bytes.writeUInt32LE(1, 24);
  bytes.writeUInt16LE(fuseLimits.readBytes / 4096, 28);
  return bytes;
}

export function encodeOpen(handle: number, flags: number): Buffer {
  const bytes = Buffer.alloc(16);
  bytes.writeBigUInt64LE(BigInt(handle), 0);
  bytes.writeUInt32LE(flags, 8);
  return bytes;
}

export interface FuseRead {
  readonly handle: number;
  readonly offset: number;
  readonly size: number;
}

/** Undefined: cut short. */
export function decodeRead(body: Buffer): FuseRead | undefined {
  if (body.length < 20) return undefined;
  return { handle: handleOf(body), offset: Number(body.readBigUInt64LE(8)), size: body.readUInt32LE(16) };
}

/** A body that starts with a file handle: release, releasedir, flush, lseek. */
export function handleOf(body: Buffer): number {
  return body.length < 8 ? 0 : Number(body.readBigUInt64LE(0));
}

/** Nodes, and how many of the kernel's references to each end. */
export function decodeForgets(opcode: number, node: number, body: Buffer): { readonly node: number; readonly count: number }[] {
  if (opcode === fuseOpcodes.forget) return body.length < 8 ? [] : [{ node, count: Number(body.readBigUInt64LE(0)) }];
  const forgets: { node: number; count: number }[] = [];
  for (let at = 8; at + 16 <= body.length; at += 16)
    forgets.push({ node: Number(body.readBigUInt64LE(at)), count: Number(body.readBigUInt64LE(at + 8)) });
  return forgets;
}

/** How much of a value or list of names is asked for; 0: only its length. */
export function decodeAttributeSize(body: Buffer): number {
  return body.length < 4 ? 0 : body.readUInt32LE(0);
}

/** The name of the extended attribute that is asked for. */
export function attributeName(body: Buffer): Buffer {
  return nameOf(body.subarray(8));
}

export function encodeAttributeSize(size: number): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeUInt32LE(size, 0);
  return bytes;
}

/** A file system that has no room left. */
export function encodeStatistics(files: number, bytes: number): Buffer {
  const blockBytes = 4096;
  const answer = Buffer.alloc(80);
  answer.writeBigUInt64LE(BigInt(Math.ceil(bytes / blockBytes)), 0);
  answer.writeBigUInt64LE(BigInt(files), 24);
  answer.writeUInt32LE(blockBytes, 40);
  answer.writeUInt32LE(255, 44);
  answer.writeUInt32LE(blockBytes, 48);
  return answer;
}

export interface FuseSeek {
  readonly offset: number;
  /** Undefined: neither SEEK_DATA nor SEEK_HOLE; the kernel answers the others itself. */
  readonly to: 'data' | 'hole' | undefined;
}

export function decodeSeek(body: Buffer): FuseSeek | undefined {
  if (body.length < 20) return undefined;
  const whence = body.readUInt32LE(16);
  return { offset: Number(body.readBigUInt64LE(8)), to: whence === 3 ? 'data' : whence === 4 ? 'hole' : undefined };
}

export function encodeSeek(offset: number): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(BigInt(offset), 0);
  return bytes;
}

/** The request that an `interrupt` is about. */
export function interruptedOf(body: Buffer): bigint {
  return body.length < 8 ? 0n : body.readBigUInt64LE(0);
}
