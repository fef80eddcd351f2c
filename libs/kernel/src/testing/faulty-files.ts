import type { DurableFiles, ReadableFile, WritableFile } from '../node/durable-files.ts';
import { FilesError, temporaryPrefix } from '../node/durable-files.ts';
import { seededRandom } from './seeded-random.ts';

/** What {@link faultyFiles} throws instead of doing more work: the process is dead as far as the code under test can tell. */
export class Killed extends Error {
  override readonly name = 'Killed';
  constructor(operation: number) {
    super(`killed at file operation ${operation}`);
  }
}

export interface FaultPlan {
  /** Dies at this operation (counted from 1 over every call that reaches the disk); all later ones fail the same way. */
  readonly killAt?: number;
  /** How the deadly write ends: nothing of it is on disk, a part of it, or all of it (just not reported). Default `before`. */
  readonly killHow?: 'before' | 'torn' | 'after';
  /** Writes fail with `disk_full` from this write operation on, until {@link FaultyFiles.freeSpace}. */
  readonly fullAt?: number;
  /** Total bytes that may be written before `disk_full`. */
  readonly spaceBytes?: number;
  /** Flips one random bit of what the n-th read operation returns. */
  readonly flipReadAt?: number;
  readonly seed?: number;
}

export interface FaultyFiles extends DurableFiles {
  /** Operations so far, to choose a `killAt` for the next run. */
  readonly operations: number;
  readonly writes: number;
  readonly bytesWritten: number;
  /** The disk has room again. */
  freeSpace(): void;
}

/** Wraps an implementation and fails as the plan says. */
export function faultyFiles(inner: DurableFiles, plan: FaultPlan = {}): FaultyFiles {
  const random = seededRandom(plan.seed ?? 1);
  let operations = 0;
  let writes = 0;
  let reads = 0;
  let bytesWritten = 0;
  let full = false;
  let freed = false;
  const killAt = plan.killAt ?? Number.POSITIVE_INFINITY;
  const how = plan.killHow ?? 'before';

  /** Counts one operation. `whole` does it; `torn` leaves what a crash in the middle would. */
  async function step<T>(whole: () => Promise<T>, torn?: () => Promise<unknown>): Promise<T> {
    operations += 1;
    const now = operations;
    if (now > killAt) throw new Killed(now);
    if (now < killAt) return whole();
    if (how === 'after') await whole();
    if (how === 'torn') await torn?.();
    throw new Killed(now);
  }

  function takeSpace(path: string, length: number): void {
    writes += 1;
    if (
      !freed &&
      (writes >= (plan.fullAt ?? Number.POSITIVE_INFINITY) || bytesWritten + length > (plan.spaceBytes ?? Number.POSITIVE_INFINITY))
    )
      full = true;
    if (full) throw new FilesError('disk_full', `${path}: no space left on device`, { status: 'temporary', context: { path } });
    bytesWritten += length;
  }

  function flipped(bytes: Uint8Array): Uint8Array {
    reads += 1;
    if (reads !== plan.flipReadAt || bytes.length === 0) return bytes;
    const copy = bytes.slice();
    const bit = random.int(copy.length * 8);
    copy[bit >> 3] = copy[bit >> 3]! ^ (1 << (bit & 7));
    return copy;
  }

  const part = (bytes: Uint8Array): Uint8Array => bytes.subarray(0, random.int(bytes.length + 1));
  const sum = (parts: readonly Uint8Array[]): number => parts.reduce((total, p) => total + p.length, 0);

  function readable(file: ReadableFile): ReadableFile {
    return {
      get sizeBytes() {
        return file.sizeBytes;
      },
      read: (offset, length, into) => step(async () => flipped(await file.read(offset, length, into))),
      // Closing reaches no disk and must work after a kill, or tests would leak handles.
      close: () => file.close(),
    };
  }

  return {
    get operations() {
      return operations;
    },
    get writes() {
      return writes;
    },
    get bytesWritten() {
      return bytesWritten;
    },
    freeSpace() {
      full = false;
      freed = true;
    },
    replace: (path, ...parts) => {
      const folder = path.slice(0, path.lastIndexOf('/') + 1);
      return step(
        async () => {
          takeSpace(path, sum(parts));
          await inner.replace(path, ...parts);
        },
        () => inner.append(`${folder}${temporaryPrefix}torn${operations}`, part(parts[0] ?? new Uint8Array())),
      );
    },
    append: (path, bytes) =>
      step(
        async () => {
          takeSpace(path, bytes.length);
          await inner.append(path, bytes);
        },
        () => inner.append(path, part(bytes)),
      ),
    read: (path, options) => step(async () => flipped(await inner.read(path, options))),
    // Counted before, so that a kill `after` leaks no handle.
    open: async (path) => {
      await step(async () => undefined);
      return readable(await inner.open(path));
    },
    openWritable: async (path, options) => {
      await step(async () => undefined);
      const file = await inner.openWritable(path, options);
      return {
        ...readable(file),
        get sizeBytes() {
          return file.sizeBytes;
        },
        write: (offset, bytes) =>
          step(
            async () => {
              takeSpace(path, bytes.length);
              await file.write(offset, bytes);
            },
            () => file.write(offset, part(bytes)),
          ),
        sync: () => step(() => file.sync()),
      } satisfies WritableFile;
    },
    move: (from, to) => step(() => inner.move(from, to)),
    size: (path) => step(() => inner.size(path)),
    list: (folder) => step(() => inner.list(folder)),
    remove: (path) => step(() => inner.remove(path)),
    sweep: (folder) => step(() => inner.sweep(folder)),
  };
}
