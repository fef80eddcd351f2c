import { throwIfInterrupted, type StopSignal } from '../errors.ts';
import type { FileFacts, OpenFile, Platform } from '../platform/index.ts';
import type { ChunkCutter } from './chunk-cutter.ts';
import { ChunkRun } from './chunk-run.ts';
import type { ChunkSealer } from './chunk-sealer.ts';
import { planContent } from './file-content.ts';
import { PartCell, type PartJob, type SealedPart } from './file-part.ts';
import { pastItsTick, sameState } from './file-state.ts';
import { IdList } from './id-list.ts';
import { readAttributes } from './read-attributes.ts';

/** What a part is cut and sealed with. It takes the cutter's whole buffer. */
export interface PartTools {
  readonly platform: Platform;
  readonly cutter: ChunkCutter;
  readonly sealer: Pick<ChunkSealer, 'seal'>;
}

/** Reads, cuts and seals one part of a file. Throws what the platform does for a file that can't be read, and what {@link ChunkSealer.seal} throws. */
export async function sealPart(job: PartJob, { platform, cutter, sealer }: PartTools, signal?: StopSignal): Promise<SealedPart> {
  const file = platform.openToRead(job.path);
  try {
    const facts = file.facts();
    await pastItsTick(facts);
    const nothing: PartContent = { start: job.from, ends: new Float64Array(0), ids: new Uint8Array(0), newChunks: 0, short: true };
    const whole = facts.kind === 'file' && facts.sizeBytes === job.seen.sizeBytes && !planContent(file, facts).ranges;
    const { short, ...content } = whole ? await sealContent(job, file, facts, cutter, sealer, signal) : nothing;
    const unfit = short || !sameState(facts, file.facts());
    return { ...content, facts, unfit, ...readAttributes(platform, job.path, file) };
  } finally {
    file.close();
  }
}

interface PartContent extends Pick<SealedPart, 'start' | 'ends' | 'ids' | 'newChunks'> {
  /** The file ended early. */
  readonly short: boolean;
}

async function sealContent(
  { from, exact, until, cell: shared }: PartJob,
  file: OpenFile,
  { sizeBytes }: FileFacts,
  cutter: ChunkCutter,
  sealer: PartTools['sealer'],
  signal: StopSignal | undefined,
): Promise<PartContent> {
  const { buffer } = cutter;
  const cell = new PartCell(shared);
  const ids = new IdList();
  const ends: number[] = [];
  const run = new ChunkRun();
  const isLast = endsAtOneOf(until);
  let newChunks = 0;
  /** Where the buffer's first byte is in the file, and how many there are. */
  let base = exact ? from : Math.max(0, from - cutter.resyncBytes);
  let filled = 0;
  let start = base >= from ? base : -1;
  for (;;) {
    throwIfInterrupted(signal);
    const wanted = Math.max(0, Math.min(buffer.length - filled, sizeBytes - base - filled));
    const got = file.read(buffer.subarray(filled, filled + wanted), base + filled);
    filled += got;
    const final = base + filled >= sizeBytes || got < wanted;
    let at = 0;
    if (start < 0) {
      at = cutter.pass(0, filled, final, from - base);
      if (base + at >= from || (final && at === filled)) start = base + at;
    }
    let over = false;
    if (start >= 0) {
      run.clear();
      const end = cell.end;
      over = base + at >= end;
      const found = base;
      if (!over) at = cutter.cut(at, filled, final, run, (cut) => (over = found + cut >= end || isLast(found + cut)));
      for (const one of await sealer.seal(run, buffer, signal)) newChunks += one;
      ids.add(run.ids());
      for (let i = 0; i < run.count; i += 1) ends.push(base + run.endOf(i));
      cell.reach(base + at);
    }
    if (over || final) return { start, ends: Float64Array.from(ends), ids: ids.ids.slice(), newChunks, short: got < wanted };
    buffer.copyWithin(0, at, filled);
    base += at;
    filled -= at;
  }
}

/** Asked for ascending offsets. */
function endsAtOneOf(until: Float64Array | undefined): (offset: number) => boolean {
  if (!until) return () => false;
  let at = 0;
  return (offset) => {
    while (at < until.length && until[at]! < offset) at += 1;
    return until[at] === offset;
  };
}
