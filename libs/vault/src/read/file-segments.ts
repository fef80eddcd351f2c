import type { TreeEntry } from '../tree/tree-entry.ts';

/** A stretch of a file that has bytes: `contentOffset` counts only such bytes, `fileOffset` the holes too. */
export interface FileSegment {
  readonly fileOffset: number;
  readonly contentOffset: number;
  readonly length: number;
}

/** Bytes that a file's chunks hold together: its size without the holes. */
export function contentLength(entry: Pick<TreeEntry, 'size' | 'dataRanges'>): number {
  return entry.dataRanges ? entry.dataRanges.reduce((sum, range) => sum + range.length, 0) : entry.size;
}

/** The stretches with bytes between `offset` and `offset + length` of the file, in order. */
export function* segmentsOfRange(entry: Pick<TreeEntry, 'size' | 'dataRanges'>, offset: number, length: number): Generator<FileSegment> {
  let contentOffset = 0;
  for (const range of entry.dataRanges ?? [{ offset: 0, length: entry.size }]) {
    const from = Math.max(range.offset, offset);
    const to = Math.min(range.offset + range.length, offset + length);
    if (from < to) yield { fileOffset: from, contentOffset: contentOffset + (from - range.offset), length: to - from };
    contentOffset += range.length;
  }
}

/** Where `length` bytes from `contentOffset` of the content go in the file: more than one place when holes lie between. */
export function* segmentsOfContent(
  entry: Pick<TreeEntry, 'size' | 'dataRanges'>,
  contentOffset: number,
  length: number,
): Generator<FileSegment> {
  let before = 0;
  for (const range of entry.dataRanges ?? [{ offset: 0, length: entry.size }]) {
    const from = Math.max(before, contentOffset);
    const to = Math.min(before + range.length, contentOffset + length);
    if (from < to) yield { fileOffset: range.offset + (from - before), contentOffset: from, length: to - from };
    before += range.length;
  }
}
