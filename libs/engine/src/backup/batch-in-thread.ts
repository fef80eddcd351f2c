/** A thread's side of what {@link file://./sent-batch.ts} describes; the other side is not loaded there. */
import type { FileJob, FileOutcome } from './sealer.ts';
import { columns, jobBigColumns, jobColumns, type SentJobs, type SentOutcomes } from './sent-batch.ts';

export function receiveJobs({ paths, numbers, bigs }: SentJobs): FileJob[] {
  const all = Buffer.from(paths.buffer, paths.byteOffset, paths.byteLength);
  const jobs: FileJob[] = [];
  for (let at = 0, bigAt = 0, end = 0; at < numbers.length; at += jobColumns, bigAt += jobBigColumns) {
    jobs.push({
      path: all.subarray(end, (end += numbers[at]!)),
      readInVain: numbers[at + 3]!,
      seen: {
        // Nothing else is read.
        kind: 'file',
        sizeBytes: numbers[at + 1]!,
        allocatedBytes: numbers[at + 2]!,
        mtimeNs: bigs[bigAt]!,
        ctimeNs: bigs[bigAt + 1]!,
        device: BigInt.asUintN(64, bigs[bigAt + 2]!),
        inode: BigInt.asUintN(64, bigs[bigAt + 3]!),
      },
    });
  }
  return jobs;
}

export function sendOutcomes(outcomes: readonly FileOutcome[]): SentOutcomes {
  const count = outcomes.length;
  const numbers = new Float64Array(count * columns);
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
    ids.set(outcome.ids, idsEnd);
    idsEnd += outcome.ids.length;
    if (facts || dataRanges || attributes.length > 0 || attributesProblem)
      rare.set(i, { facts, dataRanges, attributes, ...(attributesProblem && { attributesProblem }) });
  }
  return { count, numbers, ids, rare };
}
