import { type StopSignal, throwIfInterrupted } from '../errors.ts';
import type { ChunkCutter } from './chunk-cutter.ts';
import { ChunkRun } from './chunk-run.ts';
import type { ChunkSealer } from './chunk-sealer.ts';
import { IdList } from './id-list.ts';

/** A file that was sealed piece by piece. */
export interface StreamedFile {
  /** 32 bytes each. */
  readonly ids: Uint8Array;
  readonly newChunks: number;
  readonly contentBytes: number;
}

/** What is read in order: from a file, or by another process. */
export interface ContentSource {
  /** Fills `into` as far as the content goes; fewer bytes only at its end. */
  read(into: Uint8Array): number | Promise<number>;
}

/** A large file in bounded memory: fill the buffer, cut, look up, seal, move the rest to the front. Takes the cutter's whole buffer. Throws what {@link ChunkSealer.seal} and the source throw. */
export async function sealStream(
  stream: ContentSource,
  cutter: ChunkCutter,
  sealer: ChunkSealer,
  signal: StopSignal | undefined,
): Promise<StreamedFile> {
  const { buffer } = cutter;
  const ids = new IdList();
  const run = new ChunkRun();
  let newChunks = 0;
  let contentBytes = 0;
  let filled = 0;
  for (let final = false; !final;) {
    throwIfInterrupted(signal);
    const got = await stream.read(buffer.subarray(filled));
    final = got < buffer.length - filled;
    filled += got;
    contentBytes += got;
    run.clear();
    const rest = cutter.cut(0, filled, final, run);
    for (const one of await sealer.seal(run, buffer, signal)) newChunks += one;
    ids.add(run.ids());
    buffer.copyWithin(0, rest, filled);
    filled -= rest;
  }
  return { ids: ids.ids.slice(), newChunks, contentBytes };
}
