import type { DataRange, OpenFile } from '../platform/index.ts';
import { backupLimits } from './limits.ts';
import type { SeenFile } from './sealer.ts';

/** The bytes of a file that count, as one stream: all of it, or its data ranges one after the other. */
export interface ContentPlan {
  /** Undefined: dense. */
  readonly ranges: readonly DataRange[] | undefined;
  readonly contentBytes: number;
}

/** Below this a hole saves less than the call costs. */
const smallestSparse = 64 * 1024;

/** `withinMs`: a file whose holes take longer to find is read as a dense one. */
export function planContent(file: OpenFile, facts: SeenFile, withinMs = Number.POSITIVE_INFINITY): ContentPlan {
  const dense: ContentPlan = { ranges: undefined, contentBytes: facts.sizeBytes };
  if (facts.sizeBytes < smallestSparse || facts.allocatedBytes >= facts.sizeBytes) return dense;
  const endMs = performance.now() + withinMs;
  const ranges = file.dataRanges(facts.sizeBytes, (soFar) => soFar <= backupLimits.sparseRanges && performance.now() < endMs);
  if (!ranges) return dense;
  const contentBytes = ranges.reduce((sum, range) => sum + range.length, 0);
  return contentBytes === facts.sizeBytes ? dense : { ranges, contentBytes };
}

/** Reads the content stream in order. */
export class ContentStream {
  readonly #file: OpenFile;
  readonly #ranges: readonly DataRange[];
  readonly #sparse: boolean;
  #range = 0;
  #inRange = 0;
  /** Dense: the file ended early; sparse: bytes that are holes by now were given as zeros. */
  short = false;

  constructor(file: OpenFile, plan: ContentPlan) {
    this.#file = file;
    this.#sparse = plan.ranges !== undefined;
    this.#ranges = plan.ranges ?? [{ offset: 0, length: plan.contentBytes }];
  }

  /** Fills `into` as far as the content goes; fewer bytes only at its end. */
  read(into: Uint8Array): number {
    let done = 0;
    while (done < into.length && this.#range < this.#ranges.length) {
      const range = this.#ranges[this.#range]!;
      const want = Math.min(into.length - done, range.length - this.#inRange);
      const part = into.subarray(done, done + want);
      const got = this.#file.read(part, range.offset + this.#inRange);
      if (got < want) {
        this.short = true;
        if (!this.#sparse) {
          this.#range = this.#ranges.length;
          return done + got;
        }
        part.fill(0, got);
      }
      done += want;
      this.#inRange += want;
      if (this.#inRange === range.length) {
        this.#range += 1;
        this.#inRange = 0;
      }
    }
    return done;
  }
}
