import type { FileJob, FileOutcome, SealedFile } from './sealer.ts';

/**
 * A batch's outcomes as they pass between threads: columns instead of objects. Copying an object with its big integers and its own array of ids for every
 * small file took either side longer than sealing that file.
 */
export interface SentOutcomes {
  readonly count: number;
  /** {@link columns} a file. */
  readonly numbers: Float64Array;
  /** {@link bigColumns} a file; unsigned ones as their bits. */
  readonly bigs: BigInt64Array;
  /** Of all files, one after the other. */
  readonly ids: Uint8Array;
  /** What few files have, by number: a problem instead of everything else, data ranges, attributes. */
  readonly rare: ReadonlyMap<
    number,
    Exclude<FileOutcome, SealedFile> | Pick<SealedFile, 'dataRanges' | 'attributes' | 'attributesProblem'>
  >;
}

const columns = 11;
const bigColumns = 6;

export function sendOutcomes(outcomes: readonly FileOutcome[]): SentOutcomes {
  const count = outcomes.length;
  const numbers = new Float64Array(count * columns);
  const bigs = new BigInt64Array(count * bigColumns);
  const ids = new Uint8Array(outcomes.reduce((sum, outcome) => sum + ('problem' in outcome ? 0 : outcome.ids.length), 0));
  const rare = new Map<number, NonNullable<ReturnType<SentOutcomes['rare']['get']>>>();
  let idsEnd = 0;
  for (let i = 0; i < count; i += 1) {
    const outcome = outcomes[i]!;
    if ('problem' in outcome) {
      rare.set(i, outcome);
      continue;
    }
    const { facts, dataRanges, attributes, attributesProblem } = outcome;
    let at = i * columns;
    numbers[at++] = outcome.sizeBytes;
    numbers[at++] = outcome.ids.length;
    numbers[at++] = outcome.readBytes;
    numbers[at++] = outcome.newChunks;
    numbers[at++] = outcome.changedWhileRead ? 1 : 0;
    numbers[at++] = facts.mode;
    numbers[at++] = facts.uid;
    numbers[at++] = facts.gid;
    numbers[at++] = facts.sizeBytes;
    numbers[at++] = facts.allocatedBytes;
    numbers[at++] = facts.links;
    at = i * bigColumns;
    bigs[at++] = facts.mtimeNs;
    bigs[at++] = facts.ctimeNs;
    bigs[at++] = facts.birthtimeNs;
    bigs[at++] = facts.device;
    bigs[at++] = facts.inode;
    bigs[at++] = facts.deviceNumber;
    ids.set(outcome.ids, idsEnd);
    idsEnd += outcome.ids.length;
    if (dataRanges || attributes.length > 0 || attributesProblem)
      rare.set(i, { dataRanges, attributes, ...(attributesProblem && { attributesProblem }) });
  }
  return { count, numbers, bigs, ids, rare };
}

/** The ids are views into one array. */
export function receiveOutcomes({ count, numbers, bigs, ids, rare }: SentOutcomes): FileOutcome[] {
  const outcomes: FileOutcome[] = [];
  let idsEnd = 0;
  for (let i = 0; i < count; i += 1) {
    const more = rare.get(i);
    if (more && 'problem' in more) {
      outcomes.push(more);
      continue;
    }
    const at = i * columns;
    const bigAt = i * bigColumns;
    const idsStart = idsEnd;
    idsEnd += numbers[at + 1]!;
    outcomes.push({
      facts: {
        // Of anything else the outcome is a problem.
        kind: 'file',
        mode: numbers[at + 5]!,
        uid: numbers[at + 6]!,
        gid: numbers[at + 7]!,
        sizeBytes: numbers[at + 8]!,
        allocatedBytes: numbers[at + 9]!,
        links: numbers[at + 10]!,
        mtimeNs: bigs[bigAt]!,
        ctimeNs: bigs[bigAt + 1]!,
        birthtimeNs: bigs[bigAt + 2]!,
        device: BigInt.asUintN(64, bigs[bigAt + 3]!),
        inode: BigInt.asUintN(64, bigs[bigAt + 4]!),
        deviceNumber: BigInt.asUintN(64, bigs[bigAt + 5]!),
      },
      sizeBytes: numbers[at]!,
      ids: ids.subarray(idsStart, idsEnd),
      readBytes: numbers[at + 2]!,
      newChunks: numbers[at + 3]!,
      changedWhileRead: numbers[at + 4] === 1,
      dataRanges: more?.dataRanges,
      attributes: more?.attributes ?? [],
      ...(more?.attributesProblem && { attributesProblem: more.attributesProblem }),
    });
  }
  return outcomes;
}

/** A batch's jobs: all paths in one array. */
export interface SentJobs {
  readonly paths: Uint8Array;
  readonly lengths: Uint32Array;
  readonly sizes: Float64Array;
}

export function sendJobs(jobs: readonly FileJob[]): SentJobs {
  const paths = new Uint8Array(jobs.reduce((sum, { path }) => sum + path.length, 0));
  let end = 0;
  for (const { path } of jobs) {
    paths.set(path, end);
    end += path.length;
  }
  return {
    paths,
    lengths: Uint32Array.from(jobs, ({ path }) => path.length),
    sizes: Float64Array.from(jobs, ({ sizeBytes }) => sizeBytes),
  };
}

export function receiveJobs({ paths, lengths, sizes }: SentJobs): FileJob[] {
  const all = Buffer.from(paths.buffer, paths.byteOffset, paths.byteLength);
  let end = 0;
  return Array.from(lengths, (length, i) => ({ path: all.subarray(end, (end += length)), sizeBytes: sizes[i]! }));
}
