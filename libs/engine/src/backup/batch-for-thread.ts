/** The backup's side of what {@link file://./sent-batch.ts} describes. */
import type { FileJob, FileOutcome } from './sealer.ts';
import { columns, jobBigColumns, jobColumns, type SentJobs, type SentOutcomes } from './sent-batch.ts';

export function sendJobs(jobs: readonly FileJob[]): SentJobs {
  const paths = new Uint8Array(jobs.reduce((sum, { path }) => sum + path.length, 0));
  const numbers = new Float64Array(jobs.length * jobColumns);
  const bigs = new BigInt64Array(jobs.length * jobBigColumns);
  let end = 0;
  for (let i = 0; i < jobs.length; i += 1) {
    const { path, seen, readInVain = 0 } = jobs[i]!;
    paths.set(path, end);
    end += path.length;
    let at = i * jobColumns;
    numbers[at++] = path.length;
    numbers[at++] = seen.sizeBytes;
    numbers[at++] = seen.allocatedBytes;
    numbers[at++] = readInVain;
    at = i * jobBigColumns;
    bigs[at++] = seen.mtimeNs;
    bigs[at++] = seen.ctimeNs;
    bigs[at++] = seen.device;
    bigs[at++] = seen.inode;
  }
  return { paths, numbers, bigs };
}

/** The ids are views into one array. */
export function receiveOutcomes({ count, numbers, ids, rare }: SentOutcomes): FileOutcome[] {
  const outcomes: FileOutcome[] = [];
  let idsEnd = 0;
  for (let i = 0; i < count; i += 1) {
    const more = rare.get(i);
    if (more && 'problem' in more) {
      outcomes.push(more);
      continue;
    }
    const at = i * columns;
    const idsStart = idsEnd;
    idsEnd += numbers[at + 1]!;
    outcomes.push({
      facts: more?.facts,
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
