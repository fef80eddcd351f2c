import { forEachConcurrent } from '#libs/kernel';
import { idBytes } from '#libs/vault';
import type { Platform } from '../platform/index.ts';
import { interrupted } from '../errors.ts';
import type { FileTarget } from './file-target.ts';
import { restoreLimits } from './limits.ts';
import { identityOf, type RestoreFiles, writtenEntry } from './restore-files.ts';
import type { CompareJob, CompareOutcome } from './write-messages.ts';
import type { Writers } from './writers.ts';

interface CompareOptions {
  readonly platform: Platform;
  readonly files: RestoreFiles;
  readonly writers: Writers;
  readonly signal: AbortSignal | undefined;
}

/**
 * Finds what of the planned files is on this disk already: in a file that an earlier run left unfinished, and in the file that is at the place.
 * Afterwards `missing` of each target has only what must be fetched. Returns those whose file at the place is the same, content and all.
 */
export async function findExisting(targets: readonly FileTarget[], options: CompareOptions): Promise<FileTarget[]> {
  const { platform, files } = options;
  const same: FileTarget[] = [];
  const old = targets.filter(({ folder }) => !folder.fresh);
  const begun = old.filter(({ missing, temporary }) => missing.length > 0 && platform.factsIfAny(temporary)?.kind === 'file');
  await compare(
    begun,
    options,
    (target) => ({ path: target.temporary.toString('latin1'), own: true, fromDisk: false }),
    (target, outcome) => {
      if (outcome.copied) files.isBegun(target, missingOf(target, outcome));
    },
  );
  await compare(
    old.filter((target) => target.base !== undefined && !target.begun),
    options,
    (target) => ({
      path: target.base!.toString('latin1'),
      own: false,
      copyTo: { temporary: target.temporary.toString('latin1'), folder: identityOf(target.folder) },
      fromDisk: false,
    }),
    (target, outcome) => {
      if (outcome.same) {
        files.isThere(target);
        same.push(target);
      } else if (outcome.copied) files.isBegun(target, missingOf(target, outcome));
    },
  );
  return same;
}

/** Reads files back from the disk and compares with the chunk ids. `chunksOf`: all chunks of the target. Returns those that differ. */
export async function readBack(
  targets: readonly { readonly target: FileTarget; readonly chunks: FileTarget['missing'] }[],
  options: Omit<CompareOptions, 'files' | 'platform'>,
): Promise<{ readonly whole: number; readonly wrong: FileTarget[] }> {
  const wrong: FileTarget[] = [];
  let whole = 0;
  const chunksOf = new Map(targets.map(({ target, chunks }) => [target, chunks]));
  await compare(
    [...chunksOf.keys()],
    options,
    (target) => ({ path: target.path.toString('latin1'), own: false, fromDisk: true }),
    (target, outcome) => {
      if (outcome.same) whole += 1;
      else wrong.push(target);
    },
    (target) => chunksOf.get(target)!,
  );
  return { whole, wrong };
}

async function compare(
  targets: readonly FileTarget[],
  { writers, signal }: Pick<CompareOptions, 'writers' | 'signal'>,
  place: (target: FileTarget) => Pick<CompareJob, 'path' | 'own' | 'copyTo' | 'fromDisk'>,
  take: (target: FileTarget, outcome: CompareOutcome) => void,
  chunksOf = (target: FileTarget): FileTarget['missing'] => target.missing,
): Promise<void> {
  const batches: FileTarget[][] = [];
  for (let at = 0; at < targets.length; at += restoreLimits.filesPerCompare)
    batches.push(targets.slice(at, at + restoreLimits.filesPerCompare));
  try {
    await forEachConcurrent(
      batches,
      writers.count + 1,
      async (batch) => {
        const outcomes = await writers.compare(batch.map((target) => jobOf(target, chunksOf(target), place(target))));
        for (const [i, outcome] of outcomes.entries()) take(batch[i]!, outcome);
      },
      signal ? { signal } : {},
    );
  } catch (error) {
    throw signal?.aborted ? interrupted(error) : error;
  }
}

function jobOf(
  target: FileTarget,
  chunks: FileTarget['missing'],
  place: Pick<CompareJob, 'path' | 'own' | 'copyTo' | 'fromDisk'>,
): CompareJob {
  const ids = new Uint8Array(chunks.length * idBytes);
  for (const [i, { id }] of chunks.entries()) ids.set(id, i * idBytes);
  return {
    ...place,
    number: target.number,
    entry: writtenEntry(target.entry),
    ids,
    contentOffsets: Float64Array.from(chunks, ({ contentOffset }) => contentOffset),
    lengths: Float64Array.from(chunks, ({ plainLength }) => plainLength),
  };
}

function missingOf(target: FileTarget, { matches }: CompareOutcome): FileTarget['missing'] {
  return target.missing.filter((_, i) => matches[i] === 0);
}
