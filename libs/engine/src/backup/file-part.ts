import type { FileProblem } from '../errors.ts';
import type { ExtendedAttribute, FileFacts } from '../platform/index.ts';
import type { FileJob } from './sealer.ts';

/** What a cell counts in: small against a part, and 2^31 of it are more than any file has. */
const cellUnitBytes = 64 * 1024;

/**
 * How far a part is and where it ends, in units of {@link cellUnitBytes}: written by whoever seals it and by whoever shares the file out, in different threads. The end may come
 * nearer at any time, even to before where the sealer is by then: it stops where it notices, and what was sealed twice is found when the parts are joined.
 */
export class PartCell {
  readonly shared: Int32Array;

  constructor(shared: Int32Array = new Int32Array(new SharedArrayBuffer(2 * Int32Array.BYTES_PER_ELEMENT))) {
    this.shared = shared;
  }

  static over(from: number, end: number): PartCell {
    const cell = new PartCell();
    cell.reach(from);
    cell.endAt(end);
    return cell;
  }

  /** Bytes of the file up to which all is sealed, rounded down. */
  get reached(): number {
    return Atomics.load(this.shared, 0) * cellUnitBytes;
  }

  reach(offset: number): void {
    Atomics.store(this.shared, 0, Math.floor(offset / cellUnitBytes));
  }

  /** The part has every chunk that begins before. */
  get end(): number {
    return Atomics.load(this.shared, 1) * cellUnitBytes;
  }

  /** Rounded up. */
  endAt(offset: number): void {
    Atomics.store(this.shared, 1, Math.ceil(offset / cellUnitBytes));
  }
}

/** A piece of a large dense file, to be cut and sealed by one thread while another has another piece. Plain data, but for the cell's memory. */
export interface PartJob extends FileJob {
  readonly from: number;
  /** A chunk begins at `from`. Else the cutting starts some chunks before and the part with the first chunk that begins at or after `from`. */
  readonly exact: boolean;
  /** Ends of chunks of the part that follows, ascending: this one ends with the first chunk that ends at one of them. */
  readonly until?: Float64Array | undefined;
  /** Of a {@link PartCell}. */
  readonly cell: Int32Array;
}

/** A sealed part: one chunk after the other. */
export interface SealedPart {
  /** Of the file before the part was read. */
  readonly facts: FileFacts;
  /** It was not the same any more afterwards, or not what the scan saw, or has holes: it is to be sealed whole, by one. */
  readonly unfit: boolean;
  /** Where its first chunk begins. */
  readonly start: number;
  /** Where each chunk ends. */
  readonly ends: Float64Array;
  /** 32 bytes each. */
  readonly ids: Uint8Array;
  readonly newChunks: number;
  readonly attributes: readonly ExtendedAttribute[];
  readonly attributesProblem?: FileProblem;
}

export type PartOutcome = SealedPart | { readonly problem: FileProblem };
