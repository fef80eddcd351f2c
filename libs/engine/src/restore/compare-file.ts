import { equalBytes, isAppError } from '#libs/kernel';
import { type ChunkOpener, contentLength, idBytes, segmentsOfContent } from '#libs/vault/opening';
import { type StopSignal, throwIfInterrupted } from '../errors.ts';
import type { FileFacts, OpenFile, Platform } from '../platform/index.ts';
import { restoreLimits } from './limits.ts';
import { assertUnchanged } from './held-folders.ts';
import type { CompareJob, CompareOutcome, WrittenEntry } from './write-messages.ts';

/**
 * Which chunks of a snapshot's file are at their places in a file that is there, by their keyed ids: what is right need not be fetched again.
 * With `copyTo` the right ones go to the new file: as a clone where the file system shares blocks, else as bytes. Nothing of the file that is
 * there changes. A file that can't be read has no right chunk. Throws only `disk_full` and `interrupted`. Memory: one chunk.
 */
export function compareFile(platform: Platform, opener: ChunkOpener, job: CompareJob, signal?: StopSignal): CompareOutcome {
  const nothing: CompareOutcome = { number: job.number, matches: new Uint8Array(job.lengths.length), same: false, copied: false };
  try {
    return job.own ? continued(platform, opener, job, signal) : compared(platform, opener, job, signal);
  } catch (error) {
    if (!isAppError(error) || error.code === 'disk_full' || error.code === 'interrupted') throw error;
    return nothing;
  }
}

/** A temporary file that an earlier restore left. */
function continued(platform: Platform, opener: ChunkOpener, job: CompareJob, signal?: StopSignal): CompareOutcome {
  const file = platform.openToWrite(Buffer.from(job.path, 'latin1'));
  try {
    const matches = new Uint8Array(job.lengths.length);
    const outcome = { number: job.number, matches, same: false };
    const facts = file.facts();
    if (!isOursAlone(platform, facts)) return { ...outcome, copied: false };
    if (facts.sizeBytes !== job.entry.size) file.truncate(job.entry.size);
    if (!holesAreEmpty(file, job.entry)) return { ...outcome, copied: false };
    matchChunks(opener, file, job, matches, signal);
    return { ...outcome, copied: matches.includes(1) };
  } finally {
    file.close();
  }
}

function compared(platform: Platform, opener: ChunkOpener, job: CompareJob, signal?: StopSignal): CompareOutcome {
  const file = platform.openToRead(Buffer.from(job.path, 'latin1'));
  try {
    const matches = new Uint8Array(job.lengths.length);
    const facts = file.facts();
    if (facts.kind !== 'file') return { number: job.number, matches, same: false, copied: false };
    if (job.fromDisk) file.forgetCached();
    matchChunks(opener, file, job, matches, signal);
    const same = facts.sizeBytes === job.entry.size && !matches.includes(0) && holesAreEmpty(file, job.entry);
    const copied = !same && job.copyTo !== undefined && matches.includes(1) && copyMatches(platform, opener, file, job, matches);
    return { number: job.number, matches, same, copied };
  } finally {
    file.close();
  }
}

/** Nobody else may have a hand in a file that is gone on with: not by another name, not as its owner. */
function isOursAlone(platform: Platform, facts: FileFacts): boolean {
  return facts.kind === 'file' && facts.links === 1 && (!platform.capabilities.ownership || facts.uid === process.geteuid?.());
}

function matchChunks(opener: ChunkOpener, file: OpenFile, job: CompareJob, matches: Uint8Array, signal?: StopSignal): void {
  for (let i = 0; i < matches.length; i += 1) {
    throwIfInterrupted(signal);
    matches[i] = rightChunk(opener, file, job, i) ? 1 : 0;
  }
}

/** The chunk's bytes as they stand in the file, or undefined when they are others. */
function rightChunk(opener: ChunkOpener, file: OpenFile, job: CompareJob, index: number): Uint8Array | undefined {
  const length = job.lengths[index]!;
  const contentOffset = job.contentOffsets[index]!;
  const bytes = Buffer.allocUnsafe(length);
  for (const segment of segmentsOfContent(job.entry, contentOffset, length)) {
    const from = segment.contentOffset - contentOffset;
    if (file.read(bytes.subarray(from, from + segment.length), segment.fileOffset) < segment.length) return undefined;
  }
  return equalBytes(opener.ids.of('data', bytes), job.ids.subarray(index * idBytes, (index + 1) * idBytes)) ? bytes : undefined;
}

function copyMatches(platform: Platform, opener: ChunkOpener, from: OpenFile, job: CompareJob, matches: Uint8Array): boolean {
  const temporary = Buffer.from(job.copyTo!.temporary, 'latin1');
  platform.remove(temporary, 'file');
  // A clone has what stands in the holes of the snapshot's file too, so only a file without holes is cloned.
  const cloned = job.entry.dataRanges === undefined && platform.clone(Buffer.from(job.path, 'latin1'), temporary) === 'done';
  if (cloned) platform.setMode(temporary, 0o600);
  const into = cloned ? platform.openToWrite(temporary) : platform.create(temporary);
  try {
    assertUnchanged(platform, job.copyTo!.folder);
    into.truncate(job.entry.size);
    if (cloned) {
      // By its name it could have been another file than the one that was looked at.
      matchChunks(opener, into, job, matches);
      return matches.includes(1);
    }
    for (let i = 0; i < matches.length; i += 1) {
      if (matches[i] === 0) continue;
      const contentOffset = job.contentOffsets[i]!;
      // Read and proved again: it may have been changed since.
      const bytes = rightChunk(opener, from, job, i);
      matches[i] = bytes ? 1 : 0;
      if (!bytes) continue;
      for (const segment of segmentsOfContent(job.entry, contentOffset, bytes.length)) {
        const at = segment.contentOffset - contentOffset;
        into.write(bytes.subarray(at, at + segment.length), segment.fileOffset);
      }
    }
    return true;
  } catch (error) {
    platform.remove(temporary, 'file');
    throw error;
  } finally {
    into.close();
  }
}

/** Whether a file has nothing but zeros where the snapshot's file has holes. */
function holesAreEmpty(file: OpenFile, entry: WrittenEntry): boolean {
  if (contentLength(entry) === entry.size) return true;
  const data = file.dataRanges(entry.size) ?? [{ offset: 0, length: entry.size }];
  const buffer = Buffer.allocUnsafe(restoreLimits.holeBytes);
  let at = 0;
  for (const range of [...(entry.dataRanges ?? []), { offset: entry.size, length: 0 }]) {
    for (const { offset, length } of data) {
      const end = Math.min(offset + length, range.offset);
      for (let from = Math.max(offset, at); from < end; from += buffer.length) {
        const part = buffer.subarray(0, Math.min(buffer.length, end - from));
        const count = file.read(part, from);
        if (part.subarray(0, count).some((byte) => byte !== 0)) return false;
      }
    }
    at = range.offset + range.length;
  }
  return true;
}
