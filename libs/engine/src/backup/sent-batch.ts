import type { FileOutcome, SealedFile } from './sealer.ts';

/**
 * A batch's outcomes as they pass between threads: columns instead of objects. Copying an object with its big integers and its own array of ids for every
 * small file took either side longer than sealing that file.
 */
export interface SentOutcomes {
  readonly count: number;
  /** {@link columns} a file. */
  readonly numbers: Float64Array;
  /** Of all files, one after the other. */
  readonly ids: Uint8Array;
  /** What few files have, by number: a problem instead of everything else; facts of their own, data ranges, attributes. */
  readonly rare: ReadonlyMap<
    number,
    Exclude<FileOutcome, SealedFile> | Pick<SealedFile, 'facts' | 'dataRanges' | 'attributes' | 'attributesProblem'>
  >;
}

export const columns = 5;

/** A batch's jobs: all paths in one array, the rest by column. */
export interface SentJobs {
  readonly paths: Uint8Array;
  /** {@link jobColumns} a file. */
  readonly numbers: Float64Array;
  /** {@link jobBigColumns} a file; unsigned ones as their bits. */
  readonly bigs: BigInt64Array;
}

export const jobColumns = 4;
export const jobBigColumns = 4;
