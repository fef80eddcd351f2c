import { forEachConcurrent, isAppError } from '#libs/kernel';
import { idBytes, type PackRun, packRuns, type VaultReader } from '#libs/vault';
import { interrupted } from '../errors.ts';
import type { ChunkPlace, FileTarget } from './file-target.ts';
import { restoreLimits } from './limits.ts';
import type { RestoreCounts } from './restore-counts.ts';
import type { RestoreFiles } from './restore-files.ts';
import type { RunMemory } from './run-memory.ts';
import type { WriteRun, WriteTarget } from './write-messages.ts';
import type { Writer } from './writer.ts';

interface FetchOptions {
  readonly reader: VaultReader;
  readonly writer: Writer;
  readonly files: RestoreFiles;
  readonly counts: RestoreCounts;
  readonly memory: RunMemory;
  readonly parallelPacks: number;
  readonly signal: AbortSignal | undefined;
  readonly report: () => void;
}

type Run = PackRun<ChunkPlace>;

/**
 * Fetches pack by pack, each chunk once, and has it written to all the places that need it; several packs at the same time, of each the next
 * run while those before it are written. A chunk that no source has right fails the files that need it, by name; the others still come.
 * Memory: {@link restoreLimits.runsAtOnce} runs of {@link restoreLimits.runBytes}.
 */
export async function fetchChunks(places: readonly ChunkPlace[], options: FetchOptions): Promise<void> {
  const packs = new Map<number, Run[]>();
  // A file whose places are all in one run is made, written and finished in one go.
  const runsOf = new Map<FileTarget, number>();
  for (const run of packRuns(places, restoreLimits.runBytes, restoreLimits.chunksPerRun)) {
    const runs = packs.get(run.ordinal);
    if (runs) runs.push(run);
    else packs.set(run.ordinal, [run]);
    for (const target of new Set(run.chunks.map((place) => place.target))) runsOf.set(target, (runsOf.get(target) ?? 0) + 1);
  }
  const isWhole = (target: FileTarget): boolean => runsOf.get(target) === 1 && !target.begun;
  try {
    await forEachConcurrent(
      packs.values(),
      options.parallelPacks,
      (runs, signal) => fetchPack(runs, isWhole, { ...options, signal }),
      options.signal ? { signal: options.signal } : {},
    );
  } catch (error) {
    throw options.signal?.aborted ? interrupted(error) : error;
  }
}

async function fetchPack(runs: readonly Run[], isWhole: (target: FileTarget) => boolean, options: FetchOptions): Promise<void> {
  const writing: Promise<void>[] = [];
  let failed = false;
  try {
    for (const run of runs) {
      const chunks = run.chunks.filter(({ target }) => !target.failed);
      if (chunks.length === 0) continue;
      const done = await options.memory.turn();
      // Seen when it is awaited; a fetch may fail before.
      const written = fetchRun({ ...run, chunks }, 'sealed', options);
      writing.push(
        written
          .then(async (fetched) => {
            for (const one of fetched) await writeRun(one, isWhole, options);
          })
          .catch((error: unknown) => {
            failed = true;
            throw error;
          })
          .finally(done),
      );
      writing.at(-1)!.catch(() => undefined);
      await written.catch(() => undefined);
      if (failed) break;
    }
  } finally {
    await Promise.allSettled(writing);
  }
  await Promise.all(writing);
}

interface Fetched {
  readonly run: Run;
  readonly bytes: Uint8Array;
  /** Against the pack id. */
  readonly checked: boolean;
}

/**
 * The run's bytes; where they can't be had together, those of its chunks that can. `sealed`: from this machine as they are, when it has them, since their
 * seals will tell; else, and with `checked`, after a check against the pack id.
 */
async function fetchRun(run: Run, how: 'sealed' | 'checked', options: FetchOptions): Promise<Fetched[]> {
  const { reader, files, memory, signal } = options;
  const read = { ...(signal && { signal }) };
  const { packId } = reader.packOf(run);
  const checkedBytes = async (offset: number, length: number): Promise<Uint8Array> =>
    reader.blocks.readOnce(packId, offset, length, { ...read, ...intoOf(memory.take(length)) });
  try {
    if (how === 'sealed') {
      const bytes = (memory.take(run.length) ?? new Uint8Array(run.length)).subarray(0, run.length);
      if (await reader.blocks.readSealed(packId, run.offset, bytes, read)) return [{ run, bytes, checked: false }];
      memory.giveBack(bytes);
    }
    return [{ run, bytes: await checkedBytes(run.offset, run.length), checked: true }];
  } catch (error) {
    if (!isChunkFailure(error, signal)) throw error;
  }
  // One by one from here on, to find which are bad.
  const found: Fetched[] = [];
  for (const chunks of Map.groupBy(run.chunks, ({ offset }) => offset).values()) {
    const { offset, sealedLength: length } = chunks[0]!;
    try {
      found.push({ run: { ordinal: run.ordinal, offset, length, chunks }, bytes: await checkedBytes(offset, length), checked: true });
    } catch (error) {
      if (!isChunkFailure(error, signal)) throw error;
      for (const { target } of chunks) files.fail(target, error);
    }
  }
  return found;
}

async function writeRun(fetched: Fetched, isWhole: (target: FileTarget) => boolean, options: FetchOptions): Promise<void> {
  const { reader, files, counts, memory, writer, report } = options;
  const { run } = fetched;
  const chunks = run.chunks.filter(({ target }) => !target.failed);
  const sent = sendable(fetched, chunks, reader, (target) => {
    const whole = isWhole(target);
    if (!whole) files.begin(target);
    return files.sent(target, whole);
  });
  const written = await writer.write(sent);
  memory.giveBack(sent.bytes);
  const again = new Set(written.outcomes.filter(({ unopened }) => unopened).map(({ number }) => number));
  for (const target of files.take(written)) await finishTarget(target, files, writer);
  counts.packsFetched.add(run.ordinal);
  const opened = again.size === 0 ? chunks : chunks.filter(({ target }) => !again.has(target.number));
  for (const { sealedLength } of distinct(opened)) counts.bytesFetched += sealedLength;
  report();
  if (again.size === 0) return;
  const unopened = chunks.filter(({ target }) => again.has(target.number));
  for (const one of await fetchRun({ ...run, chunks: unopened }, 'checked', options)) await writeRun(one, isWhole, options);
}

/** Metadata and name for a file whose content is all there, or which has none. */
export async function finishTarget(target: FileTarget, files: RestoreFiles, writer: Writer): Promise<void> {
  files.take(await writer.finish(files.sent(target, !target.begun)));
}

function sendable(
  { run, bytes, checked }: Fetched,
  chunks: readonly ChunkPlace[],
  reader: VaultReader,
  send: (target: FileTarget) => WriteTarget,
): WriteRun {
  const targets: WriteTarget[] = [];
  const indexOf = new Map<FileTarget, number>();
  const ids: Uint8Array[] = [];
  const numbers: number[] = [];
  const places: number[] = [];
  let previous = -1;
  for (const { id, offset, sealedLength, plainLength, contentOffset, target } of chunks) {
    if (offset !== previous) {
      previous = offset;
      ids.push(id);
      numbers.push(offset, sealedLength, plainLength, 0);
    }
    let index = indexOf.get(target);
    if (index === undefined) {
      indexOf.set(target, (index = targets.length));
      targets.push(send(target));
    }
    numbers[numbers.length - 1]! += 1;
    places.push(index, contentOffset);
  }
  const { packId, kind, epoch, noncePrefix } = reader.packs.get(run.ordinal)!;
  const joined = new Uint8Array(ids.length * idBytes);
  for (const [i, id] of ids.entries()) joined.set(id, i * idBytes);
  return {
    pack: { packId, kind, epoch, noncePrefix: noncePrefix.slice() },
    kind: 'data',
    offset: run.offset,
    bytes,
    checked,
    ids: joined,
    chunks: Float64Array.from(numbers),
    places: Float64Array.from(places),
    targets,
  };
}

const intoOf = (into: Uint8Array | undefined): { readonly into?: Uint8Array } => (into ? { into } : {});

function* distinct(chunks: readonly ChunkPlace[]): Generator<ChunkPlace> {
  let previous = -1;
  for (const chunk of chunks) {
    if (chunk.offset !== previous) yield chunk;
    previous = chunk.offset;
  }
}

/** A failure of the pack or its sources: of this chunk only. A full disk or an interruption is one of the run. */
function isChunkFailure(error: unknown, signal: AbortSignal | undefined): boolean {
  return !signal?.aborted && isAppError(error) && error.code !== 'disk_full';
}
