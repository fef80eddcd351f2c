import { utf8 } from '#libs/kernel';
import { CborReader } from '../cbor/cbor-reader.ts';
import { VaultError } from '../errors.ts';
import { formatVersion, idBytes, limits } from '../limits.ts';
import { readEntry } from './entry-codec.ts';
import { assertSafeName } from './safe-name.ts';
import type { TreeEntry } from './tree-entry.ts';

/** What an entry of a plain file says of it beside its name: times in nanoseconds since 1970. */
export interface FileStamp {
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly sizeBytes: number;
  readonly mtimeNs: bigint;
  readonly ctimeNs: bigint;
  /** 0: none is known. */
  readonly birthtimeNs: bigint;
  readonly inode: bigint;
}

/** `{e: […`, and `v: 1}` at its end. */
const start = [0xa2, 0x61, 0x65];
const end = [0x61, 0x76, formatVersion];
const regularFile = 0;
/** Arrays in an entry hold no arrays. */
const innermost = 2;

/** Keys as {@link StoredEntries} compares them: their one or two characters. */
const keyOf = (text: string): number => utf8(text).reduce((sum, byte) => sum * 0x100 + byte, 0);
const keys = {
  mode: keyOf('m'), uid: keyOf('u'), gid: keyOf('g'), name: keyOf('n'), size: keyOf('s'), type: keyOf('t'),
  mtime: keyOf('mt'), ctime: keyOf('ct'), birthtime: keyOf('bt'), inode: keyOf('in'), ids: keyOf('ch'),
  group: keyOf('gn'), user: keyOf('un'), attributes: keyOf('xa'), ranges: keyOf('sp'),
}; // prettier-ignore

const scratch = new DataView(new ArrayBuffer(8));

/** Upper and lower half of a 64-bit integer. */
class Halves {
  high = 0;
  low = 0;

  clear(): void {
    this.high = this.low = 0;
  }

  /** For integers that are not below 0. */
  is(value: bigint): boolean {
    scratch.setBigInt64(0, value);
    return scratch.getUint32(0) === this.high && scratch.getUint32(4) === this.low;
  }
}

/**
 * The entries of one tree chunk, gone through in order where they lie. For whoever mostly wants to know whether files are as they were: no objects are made
 * of those, and a {@link TreeEntry}, with all its checks, only of an entry that is asked for. The bytes must not change meanwhile.
 */
export class StoredEntries {
  readonly #bytes: Uint8Array;
  /** How many there are. */
  readonly count: number;
  #left: number;
  /** Where the entry at hand begins and ends. */
  #from = 0;
  #until: number;
  #nameFrom = 0;
  #nameUntil = 0;
  #idsFrom = 0;
  #idsUntil = 0;
  #mode = 0;
  #uid = 0;
  #gid = 0;
  #size = 0;
  /** It is a regular file, and says nothing that {@link isFile} does not look at but its attributes, holes and the names of its user and group. */
  #plain = false;
  /** Whether it says all of that rightly can only be told by making an entry of it. */
  #lookWhole = false;
  readonly #mtime = new Halves();
  readonly #ctime = new Halves();
  readonly #birthtime = new Halves();
  readonly #inode = new Halves();
  /** Of the head that was read last. */
  #high = 0;
  #low = 0;
  #major = 0;

  /** Undefined for a chunk that is no list of entries, or none of this version. Throws `tree_corrupt`, also from {@link next}. */
  static of(plaintext: Uint8Array): StoredEntries | undefined {
    const isOne = start.every((byte, i) => plaintext[i] === byte) && end.every((byte, i) => plaintext.at(i - end.length) === byte);
    return isOne && plaintext.length <= limits.metaChunkBytes ? new StoredEntries(plaintext) : undefined;
  }

  private constructor(plaintext: Uint8Array) {
    this.#bytes = plaintext;
    this.#until = this.#head(start.length);
    if (this.#major !== 4 || this.#high !== 0 || this.#low > limits.entriesPerPart) throw this.#corrupt('no list of entries');
    this.count = this.#low;
    this.#left = this.count + 1;
    this.next();
  }

  /** Behind the last one there is none at hand. */
  get isAtEntry(): boolean {
    return this.#left > 0;
  }

  /** Where the entry at hand begins, for {@link between}; behind the last one, where that ends. */
  get position(): number {
    return this.isAtEntry ? this.#from : this.#until;
  }

  /** Goes on to the next entry. */
  next(): void {
    this.#left -= 1;
    if (this.#left > 0) this.#read();
    else if (this.#until !== this.#bytes.length - end.length) throw this.#corrupt('bytes after the end');
  }

  /** Below 0 where the name at hand comes before this one. */
  compareName(name: Uint8Array): number {
    return this.#compare(this.#nameFrom, this.#nameUntil, name, 0, name.length);
  }

  /**
   * Whether the entry at hand is one of a regular file that has one name only and was read in full, and says exactly this of it. Never of one that {@link entry} refuses: it would stand again in
   * every snapshot to come, and could be restored from none.
   */
  isFile(stamp: FileStamp): boolean {
    return (
      this.#plain &&
      this.#size === stamp.sizeBytes &&
      this.#mode === stamp.mode &&
      this.#uid === stamp.uid &&
      this.#gid === stamp.gid &&
      this.#mtime.is(stamp.mtimeNs) &&
      this.#ctime.is(stamp.ctimeNs) &&
      this.#inode.is(stamp.inode) &&
      this.#birthtime.is(stamp.birthtimeNs) &&
      (!this.#lookWhole || this.#isReadable())
    );
  }

  /** Where the chunk ids of the entry at hand lie, one after the other; nowhere where it names none or a list of them. */
  get ids(): { readonly bytes: Uint8Array; readonly from: number; readonly until: number } {
    return { bytes: this.#bytes, from: this.#idsFrom, until: this.#idsUntil };
  }

  /** Throws `tree_corrupt`, `unsafe_name`. */
  entry(): TreeEntry {
    return this.#entryOf(new CborReader(this.#bytes.subarray(this.#from, this.#until), (what) => this.#corrupt(what)));
  }

  /** The entries from one {@link position} up to another. Throws as {@link entry} does. */
  *between(from: number, until: number): Generator<TreeEntry> {
    const reader = new CborReader(this.#bytes.subarray(from, until), (what) => this.#corrupt(what));
    while (reader.offset < until - from) yield this.#entryOf(reader);
  }

  #entryOf(reader: CborReader): TreeEntry {
    const entry = readEntry(reader);
    assertSafeName(entry.name);
    return entry;
  }

  #read(): void {
    const bytes = this.#bytes;
    const previousFrom = this.#nameFrom;
    const previousUntil = this.#nameUntil;
    this.#from = this.#until;
    let at = this.#head(this.#from);
    if (this.#major !== 5 || this.#high !== 0) throw this.#corrupt('an entry is no map');
    this.#mtime.clear();
    this.#ctime.clear();
    this.#birthtime.clear();
    this.#inode.clear();
    this.#size = this.#idsFrom = this.#idsUntil = 0;
    this.#mode = this.#uid = this.#gid = -1;
    let plain = true;
    let lookWhole = false;
    let previousKey = 0;
    let hasType = false;
    let hasMtime = false;
    let hasCtime = false;
    let hasInode = false;
    let hasName = false;
    for (let fields = this.#low; fields > 0; fields -= 1) {
      const keyLength = bytes[at]! - 0x60;
      if (keyLength !== 1 && keyLength !== 2) throw this.#corrupt('unknown field');
      const key = keyLength === 1 ? bytes[at + 1]! : bytes[at + 1]! * 0x100 + bytes[at + 2]!;
      if (key <= previousKey) throw this.#corrupt('map keys out of order');
      previousKey = key;
      const value = at + 1 + keyLength;
      at = this.#skip(value, innermost);
      switch (key) {
        case keys.gid:
          this.#gid = this.#number(value);
          break;
        case keys.mode:
          this.#mode = this.#number(value);
          break;
        case keys.uid:
          this.#uid = this.#number(value);
          break;
        case keys.size:
          this.#size = this.#number(value);
          break;
        case keys.type:
          plain &&= hasType = this.#number(value) === regularFile;
          break;
        case keys.name:
          this.#nameFrom = this.#head(value);
          this.#nameUntil = at;
          hasName = this.#isBytes;
          break;
        case keys.ids:
          this.#idsFrom = this.#head(value);
          this.#idsUntil = at;
          plain &&= this.#isBytes && at > this.#idsFrom && (at - this.#idsFrom) % idBytes === 0;
          break;
        case keys.birthtime:
          plain &&= this.#wide(value, this.#birthtime);
          break;
        case keys.ctime:
          plain &&= hasCtime = this.#wide(value, this.#ctime);
          break;
        case keys.inode:
          plain &&= hasInode = this.#wide(value, this.#inode);
          break;
        case keys.mtime:
          plain &&= hasMtime = this.#wide(value, this.#mtime);
          break;
        case keys.group:
        case keys.user:
          lookWhole ||= !this.#isPlainText(value, at);
          break;
        case keys.attributes:
        case keys.ranges:
          lookWhole = true;
          break;
        default:
          plain = false;
      }
    }
    if (!hasName) throw this.#corrupt('an entry has no name');
    if (previousUntil > 0 && this.#compare(previousFrom, previousUntil, bytes, this.#nameFrom, this.#nameUntil) >= 0)
      throw this.#corrupt('names out of order or twice');
    this.#plain = plain && hasType && hasMtime && hasCtime && hasInode;
    this.#lookWhole = lookWhole;
    this.#until = at;
  }

  /** ASCII, which needs no decoder, and no longer than allowed. */
  #isPlainText(at: number, until: number): boolean {
    let i = this.#head(at);
    if (this.#major !== 3 || until - i > limits.textBytes) return false;
    while (i < until && this.#bytes[i]! < 0x80) i += 1;
    return i === until;
  }

  /** As on systems where every file has attributes; makes an entry. */
  #isReadable(): boolean {
    try {
      this.entry();
      return true;
    } catch {
      return false;
    }
  }

  get #isBytes(): boolean {
    return this.#major === 2;
  }

  /** An unsigned integer; -1, which no field is, for anything else. */
  #number(at: number): number {
    this.#head(at);
    return this.#major === 0 ? this.#high * 0x1_0000_0000 + this.#low : -1;
  }

  /** False for what is below 0. */
  #wide(at: number, into: Halves): boolean {
    this.#head(at);
    into.high = this.#high;
    into.low = this.#low;
    return this.#major === 0;
  }

  /** Where the value ends that begins there. */
  #skip(at: number, depth: number): number {
    let next = this.#head(at);
    if (this.#major === 2 || this.#major === 3) next += this.#high === 0 ? this.#low : Number.POSITIVE_INFINITY;
    else if (this.#major === 4) {
      if (depth === 0 || this.#high !== 0) throw this.#corrupt('unexpected type of value');
      for (let items = this.#low; items > 0; items -= 1) next = this.#skip(next, depth - 1);
    } else if (this.#major > 4 && this.#major !== 7) throw this.#corrupt('unexpected type of value');
    if (next > this.#bytes.length - end.length) throw this.#corrupt('unexpected end');
    return next;
  }

  /** Reads the head of a value: its major type and its argument. Returns where it ends. */
  #head(at: number): number {
    const bytes = this.#bytes;
    if (at >= bytes.length) throw this.#corrupt('unexpected end');
    const first = bytes[at]!;
    const info = first & 0x1f;
    this.#major = first >>> 5;
    this.#high = 0;
    if (info < 24) {
      this.#low = info;
      return at + 1;
    }
    const width = 1 << (info - 24);
    if (info > 27 || at + 1 + width > bytes.length) throw this.#corrupt('unexpected end');
    let low = 0;
    let high = 0;
    for (let i = at + 1; i <= at + width; i += 1) {
      high = ((high << 8) | (low >>> 24)) >>> 0;
      low = ((low << 8) | bytes[i]!) >>> 0;
    }
    const isShortest = width === 8 ? high > 0 : low >= (width === 1 ? 24 : width === 2 ? 0x100 : 0x1_0000);
    if (!isShortest) throw this.#corrupt('number not in shortest form');
    this.#high = high;
    this.#low = low;
    return at + 1 + width;
  }

  #compare(from: number, until: number, other: Uint8Array, otherFrom: number, otherUntil: number): number {
    const bytes = this.#bytes;
    const length = Math.min(until - from, otherUntil - otherFrom);
    for (let i = 0; i < length; i += 1) {
      const difference = bytes[from + i]! - other[otherFrom + i]!;
      if (difference !== 0) return difference;
    }
    return until - from - (otherUntil - otherFrom);
  }

  #corrupt(what: string): VaultError {
    return new VaultError('tree_corrupt', `tree: ${what} near byte ${this.#from}`);
  }
}
