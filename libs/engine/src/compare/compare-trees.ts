import { isAppError } from '#libs/kernel';
import {
  currentPlatform,
  displayPath,
  type DataRange,
  type ExtendedAttribute,
  type FileFacts,
  type OpenFile,
  type Platform,
} from '../platform/index.ts';
import { throwIfInterrupted } from '../errors.ts';
import type { CompareOptions, Difference } from './compare-types.ts';

const bufferBytes = 1024 * 1024;
/** Allocation differs by block sizes and file systems: only much more than before counts as "no longer sparse". */
const sparseSlack = 1024 * 1024;

/**
 * Compares two folders (or files) in everything that a backup keeps: names as bytes, kinds, content, modes, owners, modification times to the
 * nanosecond, link targets, hard-link groups, extended attributes, sparseness, device numbers. Returns what differs, in order of names; nothing: [].
 * `right` is the copy: it may be sparser than `left` but not denser. Memory: names of the folders on the way, one line for each hard-linked file.
 */
export async function compareTrees(left: string | Buffer, right: string | Buffer, options: CompareOptions = {}): Promise<Difference[]> {
  const platform = currentPlatform();
  const comparison = new Comparison(platform, options);
  await comparison.compare(platform.absolute(left), platform.absolute(right), Buffer.from('.'));
  return comparison.differences;
}

class Comparison {
  readonly differences: Difference[] = [];
  readonly #platform: Platform;
  readonly #ignored: ReadonlySet<string>;
  readonly #limit: number;
  readonly #signal: AbortSignal | undefined;
  readonly #leftLinks = new Map<string, string>();
  readonly #rightLinks = new Map<string, string>();

  constructor(platform: Platform, { ignore = [], limit = 1_000, signal }: CompareOptions) {
    this.#platform = platform;
    this.#ignored = new Set(ignore);
    this.#limit = limit;
    this.#signal = signal;
  }

  async compare(left: Buffer, right: Buffer, shown: Buffer): Promise<void> {
    throwIfInterrupted(this.#signal);
    const a = this.#platform.factsIfAny(left);
    const b = this.#platform.factsIfAny(right);
    // A socket lives as long as the program behind it: no backup has it, and its absence is no difference.
    if (a?.kind === 'socket' && !b) return;
    if (!a || !b) return this.#differ(shown, a ? 'missing' : 'extra', a ? a.kind : 'nothing', b ? b.kind : 'nothing');
    if (a.kind !== b.kind) return this.#differ(shown, 'kind', a.kind, b.kind);
    try {
      this.#compareFacts(a, b, shown);
      this.#compareAttributes(left, right, shown);
      if (a.kind === 'symlink')
        this.#differIf(shown, 'link-target', displayPath(this.#platform.linkTarget(left)), displayPath(this.#platform.linkTarget(right)));
      if (a.kind === 'file') {
        this.#compareLinks(a, b, shown);
        if (a.sizeBytes === b.sizeBytes && a.sizeBytes > 0) await this.#compareContent(left, right, a, shown);
      }
    } catch (error) {
      if (!isAppError(error)) throw error;
      this.#differ(shown, 'unreadable', error.message, error.message);
    }
    if (a.kind === 'directory') await this.#compareFolders(left, right, shown);
  }

  async #compareFolders(left: Buffer, right: Buffer, shown: Buffer): Promise<void> {
    const [inLeft, inRight] = await Promise.all([this.#namesOf(left, shown), this.#namesOf(right, shown)]);
    const names = new Map([...inLeft, ...inRight].map((name) => [name.toString('latin1'), name]));
    for (const name of [...names.values()].sort((a, b) => Buffer.compare(a, b))) {
      if (this.differences.length >= this.#limit) return;
      await this.compare(this.#platform.join(left, name), this.#platform.join(right, name), this.#platform.join(shown, name));
    }
  }

  async #namesOf(folder: Buffer, shown: Buffer): Promise<Buffer[]> {
    try {
      return await this.#platform.names(folder);
    } catch (error) {
      if (!isAppError(error)) throw error;
      this.#differ(shown, 'unreadable', error.message, error.message);
      return [];
    }
  }

  #compareFacts(a: FileFacts, b: FileFacts, shown: Buffer): void {
    if (a.kind === 'file') {
      this.#differIf(shown, 'size', String(a.sizeBytes), String(b.sizeBytes));
      const allowed = Math.max(
        a.allocatedBytes,
        a.sizeBytes - a.allocatedBytes > sparseSlack ? a.allocatedBytes + sparseSlack : a.sizeBytes + sparseSlack,
      );
      if (b.allocatedBytes > allowed)
        this.#differ(shown, 'sparse', `${a.allocatedBytes} bytes allocated`, `${b.allocatedBytes} bytes allocated`);
    }
    if (a.kind !== 'symlink') this.#differIf(shown, 'mode', a.mode.toString(8), b.mode.toString(8));
    this.#differIf(shown, 'owner', `${a.uid}:${a.gid}`, `${b.uid}:${b.gid}`);
    this.#differIf(shown, 'mtime', String(a.mtimeNs), String(b.mtimeNs));
    if (a.kind === 'character-device' || a.kind === 'block-device')
      this.#differIf(shown, 'device', String(a.deviceNumber), String(b.deviceNumber));
  }

  #compareAttributes(left: Buffer, right: Buffer, shown: Buffer): void {
    if (this.#ignored.has('xattrs')) return;
    this.#differIf(
      shown,
      'xattrs',
      attributeText(this.#platform.extendedAttributes(left)),
      attributeText(this.#platform.extendedAttributes(right)),
    );
  }

  /** The first name of each group stands for it; a name must be with the same one on both sides. */
  #compareLinks(a: FileFacts, b: FileFacts, shown: Buffer): void {
    const path = shown.toString('latin1');
    const first = (links: Map<string, string>, facts: FileFacts): string => {
      const key = `${facts.device}:${facts.inode}`;
      if (!links.has(key)) links.set(key, path);
      return links.get(key)!;
    };
    const inLeft = a.links > 1 ? first(this.#leftLinks, a) : path;
    const inRight = b.links > 1 ? first(this.#rightLinks, b) : path;
    if (inLeft !== inRight) this.#differ(shown, 'hard-links', `same file as ${inLeft}`, `same file as ${inRight}`);
  }

  async #compareContent(left: Buffer, right: Buffer, facts: FileFacts, shown: Buffer): Promise<void> {
    const a = this.#platform.openToRead(left);
    try {
      const b = this.#platform.openToRead(right);
      try {
        const at = await this.#firstDifference(a, b, facts.sizeBytes);
        if (at !== undefined) this.#differ(shown, 'content', `differs from byte ${at}`, `differs from byte ${at}`);
      } finally {
        b.close();
      }
    } finally {
      a.close();
    }
  }

  async #firstDifference(a: OpenFile, b: OpenFile, sizeBytes: number): Promise<number | undefined> {
    const one = Buffer.allocUnsafe(Math.min(bufferBytes, sizeBytes));
    const two = Buffer.allocUnsafe(one.length);
    // Where both have a hole there is nothing to compare: a sparse terabyte takes no longer than its data.
    for (const { offset, length } of union(a.dataRanges(sizeBytes), b.dataRanges(sizeBytes), sizeBytes)) {
      for (let at = offset; at < offset + length; at += one.length) {
        const want = Math.min(one.length, offset + length - at);
        const partA = one.subarray(0, want);
        const partB = two.subarray(0, want);
        if (a.read(partA, at) !== want || b.read(partB, at) !== want) return at;
        if (!partA.equals(partB)) return at + partA.findIndex((byte, i) => byte !== partB[i]);
        if (sizeBytes > bufferBytes) {
          throwIfInterrupted(this.#signal);
          await new Promise((resolve) => setImmediate(resolve));
        }
      }
    }
    return undefined;
  }

  #differIf(shown: Buffer, aspect: Difference['aspect'], left: string, right: string): void {
    if (left !== right) this.#differ(shown, aspect, left, right);
  }

  #differ(shown: Buffer, aspect: Difference['aspect'], left: string, right: string): void {
    if (!this.#ignored.has(aspect) && this.differences.length < this.#limit)
      this.differences.push({ path: displayPath(shown), aspect, left, right });
  }
}

function attributeText(attributes: readonly ExtendedAttribute[]): string {
  return attributes
    .map(({ name, value }) => `${displayPath(name)}=${value.toString('hex')}`)
    .sort()
    .join(' ');
}

/** Ranges where either has data. */
function union(a: readonly DataRange[] | undefined, b: readonly DataRange[] | undefined, sizeBytes: number): DataRange[] {
  if (!a || !b) return [{ offset: 0, length: sizeBytes }];
  const out: { offset: number; length: number }[] = [];
  for (const range of [...a, ...b].sort((x, y) => x.offset - y.offset)) {
    const last = out.at(-1);
    if (last && range.offset <= last.offset + last.length) last.length = Math.max(last.length, range.offset + range.length - last.offset);
    else out.push({ ...range });
  }
  return out;
}
