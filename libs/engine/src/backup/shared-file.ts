import { idBytes } from '#libs/vault/sealing';
import { PartCell, type PartJob, type PartOutcome, type SealedPart } from './file-part.ts';
import { sameFile } from './file-state.ts';
import { joinParts } from './join-parts.ts';
import { backupLimits } from './limits.ts';
import type { FileJob, FileOutcome } from './sealer.ts';

/** A part that somebody seals at the moment, or is about to. */
export interface RunningPart {
  readonly job: PartJob;
  readonly cell: PartCell;
}

/** What is to be done when no part of a file is being sealed any more. */
export type NextStep =
  | { readonly outcome: FileOutcome }
  /** Something is missing between two parts. */
  | { readonly part: RunningPart }
  /** It changed meanwhile, or can't be read: to be sealed by one, who says so. */
  | { readonly again: FileJob };

/**
 * A large file without holes that several threads seal: it starts as one part, and whoever has nothing to do gets the second half of what is left of the largest.
 * The chunks are those of one thread alone, in the same order. Memory: 40 bytes a chunk.
 */
export class SharedFile {
  readonly #job: FileJob;
  readonly #leastBytes: number;
  readonly #running = new Set<RunningPart>();
  readonly #done: SealedPart[] = [];
  #readBytes = 0;
  #unfit = false;
  #failed = false;

  /** No part begins with less than `leastBytes`. */
  constructor(job: FileJob, leastBytes: number = backupLimits.partBytes) {
    this.#job = job;
    this.#leastBytes = leastBytes;
  }

  /** Whether a file is one to share out, unless it turns out to have holes. */
  static isFor({ seen, readInVain }: FileJob): boolean {
    return seen.sizeBytes >= backupLimits.sharedFileBytes && readInVain === undefined;
  }

  /** No part is being sealed. */
  get isIdle(): boolean {
    return this.#running.size === 0;
  }

  /** All of it as one part: the first call, and none other. */
  whole(): RunningPart {
    return this.#add({ from: 0, exact: true, end: this.#job.seen.sizeBytes });
  }

  /** Bytes of a running part that are left. */
  static left({ cell }: RunningPart): number {
    return Math.max(0, cell.end - cell.reached);
  }

  /**
   * Takes the second half of what is left from a running part, or nearly all when its sealer is to stop. Undefined when it is too little, and of what is missing between
   * two parts: that did not meet once, and its halves would not either.
   */
  split(part: RunningPart, keep: 'half' | 'little'): RunningPart | undefined {
    if (keep === 'half' && part.job.until) return undefined;
    // Once: its sealer goes on meanwhile, and a new end must never lie behind the old one.
    const { reached, end } = part.cell;
    const left = end - reached;
    const kept = keep === 'half' ? left / 2 : this.#leastBytes;
    if (left - kept < this.#leastBytes) return undefined;
    part.cell.endAt(reached + kept);
    return this.#add({ from: part.cell.end, exact: false, end });
  }

  /** A part is done. */
  settle(part: RunningPart, outcome: PartOutcome): void {
    this.#running.delete(part);
    if ('problem' in outcome) this.#unfit = true;
    else {
      this.#done.push(outcome);
      this.#readBytes += (outcome.ends.at(-1) ?? outcome.start) - outcome.start;
      this.#unfit ||= outcome.unfit || !sameFile(this.#done[0]!.facts, outcome.facts);
    }
  }

  /** The run fails with it: true for the first of its parts only. */
  fail(): boolean {
    const first = !this.#failed;
    this.#failed = true;
    return first;
  }

  /** Asked when it {@link isIdle}. */
  next(): NextStep {
    const { path, seen } = this.#job;
    if (this.#unfit) return { again: { path, seen, readInVain: this.#readBytes } };
    const [{ facts, attributes, attributesProblem }] = this.#done as [SealedPart];
    const joined = joinParts(this.#done, facts.sizeBytes);
    if ('until' in joined) {
      const { from, until } = joined;
      return { part: this.#add({ from, until, exact: true, end: until.at(-1)! }) };
    }
    const ids = new Uint8Array(joined.reduce((sum, { part, from }) => sum + part.ids.length - from * idBytes, 0));
    let end = 0;
    for (const { part, from } of joined) {
      ids.set(part.ids.subarray(from * idBytes), end);
      end += part.ids.length - from * idBytes;
    }
    const newChunks = this.#done.reduce((sum, part) => sum + part.newChunks, 0);
    const { sizeBytes } = facts;
    return {
      outcome: {
        ...{ facts, sizeBytes, ids, newChunks, attributes, dataRanges: undefined, changedWhileRead: false },
        // Once, as by one alone: what was read again to find where to begin is not worth counting.
        readBytes: sizeBytes,
        ...(attributesProblem && { attributesProblem }),
      },
    };
  }

  #add({ end, ...place }: Pick<PartJob, 'from' | 'exact' | 'until'> & { readonly end: number }): RunningPart {
    const cell = PartCell.over(place.from, end);
    const part = { job: { ...this.#job, ...place, cell: cell.shared }, cell };
    this.#running.add(part);
    return part;
  }
}
