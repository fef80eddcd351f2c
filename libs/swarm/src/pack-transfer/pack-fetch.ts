import type { DeviceId } from '#libs/kernel';
import { AppError, isAppError, messageOf } from '#libs/kernel';
import { SwarmError } from '../errors.ts';
import { peerOf } from '../membership/membership.ts';
import type { PackReceiver } from '../pack-store/pack-receiver.ts';
import { leafSizeOf } from '../pack-store/pack-root.ts';
import type { FetchPackOptions, FetchResult } from '../swarm-types.ts';
import type { PackConnection } from './carrier.ts';
import type { Fetcher } from './fetch-pack.ts';
import type { LeafRun } from './leaf-board.ts';
import { LeafBoard } from './leaf-board.ts';
import { fallsBehind, SourcePace } from './source-pace.ts';

/** Numbers of a fetch, with their reasons. */
const fetching = {
  /** Sources at once: more don't make a home or office link faster. */
  sources: 4,
  /** Leaves for which another source is worth a connection. */
  leavesPerSource: 8,
  /** A source whose connection breaks is asked again as long as each try brings something, this often. */
  triesPerSource: 4,
  /** How often it is looked whether somebody has fallen behind, or work can be taken over. */
  lookEveryMs: 250,
  /** When nobody has brought anything for this long, one more source is asked beside them. */
  oneMoreAfterMs: 3_000,
} as const;

/** One device that is asked for the pack. */
class Source {
  readonly deviceId: DeviceId;
  readonly pace: SourcePace;
  readonly stop = new AbortController();
  leaves = 0;
  /** Its conversation was left from an earlier transfer: the other side may have ended it since. */
  usedKept = false;
  droppedFor: string | undefined;
  /** What it is asked over now. */
  connection: PackConnection | undefined;

  constructor(deviceId: DeviceId, nowMs: number) {
    this.deviceId = deviceId;
    this.pace = new SourcePace(nowMs);
  }
}

/** One pack on its way in: its sources, who does what, and what came of it. */
export class PackFetch {
  readonly failures: unknown[] = [];
  readonly #fetcher: Fetcher;
  readonly #receiver: PackReceiver;
  readonly #options: FetchPackOptions;
  readonly #board: LeafBoard<Source>;
  readonly #waiting: DeviceId[];
  readonly #sources: Source[] = [];
  readonly #running = new Map<Source, Promise<void>>();
  /** Sources at a run now: those that may be taken over from. */
  readonly #atWork = new Map<Source, SourcePace>();
  readonly #resumedLeaves: number;
  #fetchedBytes = 0;
  #fetchedLeaves = 0;
  #lastCameMs: number;
  /** What is no source's fault: our own disk, a size that the job got wrong. */
  #fatal: { readonly error: unknown } | undefined;

  constructor(fetcher: Fetcher, receiver: PackReceiver, options: FetchPackOptions) {
    this.#fetcher = fetcher;
    this.#receiver = receiver;
    this.#options = options;
    this.#waiting = [...new Set(options.from)];
    const missing = receiver.missing();
    this.#board = new LeafBoard(missing);
    this.#resumedLeaves = receiver.leafCount - this.#board.left;
    this.#lastCameMs = fetcher.clock.nowMs();
  }

  /** Ends when everything is there or no source is left. Throws the signal's reason, and what another source would not mend. */
  async run(): Promise<void> {
    const { signal } = this.#options;
    signal?.throwIfAborted();
    const over = new AbortController();
    const looking = this.#look(over.signal);
    try {
      while (!this.#complete && !this.#fatal) {
        signal?.throwIfAborted();
        while (this.#running.size < this.#wantedSources && this.#waiting.length > 0) this.#start(this.#waiting.shift()!);
        if (this.#running.size === 0) break;
        await Promise.race(this.#running.values());
      }
    } finally {
      over.abort();
      this.#stopAll(new SwarmError('source_unavailable', 'the transfer is over', { status: 'temporary' }));
      await Promise.all([looking, ...this.#running.values()]);
    }
    if (this.#fatal) throw this.#fatal.error;
    if (!this.#complete) signal?.throwIfAborted();
  }

  report(): Pick<FetchResult, 'fetchedBytes' | 'resumedLeaves' | 'sources'> {
    const sources = this.#sources.map(({ deviceId, leaves, droppedFor }) =>
      droppedFor ? { deviceId, leaves, droppedFor } : { deviceId, leaves },
    );
    return { fetchedBytes: this.#fetchedBytes, resumedLeaves: this.#resumedLeaves, sources };
  }

  get #complete(): boolean {
    return this.#receiver.hasRoot && this.#board.finished;
  }

  /** Enough that each has something to do; never more than are useful. */
  get #wantedSources(): number {
    return Math.max(1, Math.min(fetching.sources, Math.floor(this.#board.left / fetching.leavesPerSource)));
  }

  #start(deviceId: DeviceId): void {
    const source = new Source(deviceId, this.#fetcher.clock.nowMs());
    this.#sources.push(source);
    this.#running.set(
      source,
      this.#drain(source).finally(() => this.#running.delete(source)),
    );
  }

  #stopAll(reason: SwarmError): void {
    for (const source of this.#running.keys()) source.stop.abort(reason);
  }

  /** Takes from one device what there is to take, until it is done or dropped. Never rejects. */
  async #drain(source: Source): Promise<void> {
    const { membership, onEvent, clock } = this.#fetcher;
    const { signal } = this.#options;
    for (let tried = 1; ; tried += 1) {
      const before = source.leaves;
      const failure = await this.#drainOnce(source);
      this.#atWork.delete(source);
      this.#board.release(source);
      // Stopped because it is not needed any more; breaking the rules at the very end is told all the same.
      const dismissed = this.#complete && source.stop.signal.aborted;
      if (failure === undefined || dismissed || signal?.aborted || this.#fatal) return;
      if (isOurs(failure)) {
        this.#fatal = { error: failure };
        return this.#stopAll(new SwarmError('source_unavailable', 'the transfer is over', { status: 'temporary' }));
      }
      const broke = isAppError(failure, 'source_unavailable') && (source.leaves > before || source.usedKept);
      if (broke && !this.#complete && tried < fetching.triesPerSource && !source.stop.signal.aborted) {
        source.pace.asked(clock.nowMs());
        continue;
      }
      const code = failure instanceof AppError ? failure.code : 'source_unavailable';
      source.droppedFor = code;
      this.failures.push(failure);
      const member = membership.byDevice(source.deviceId);
      if (member)
        onEvent({ kind: 'source-dropped', peer: peerOf(member), packId: this.#receiver.packId, code, message: messageOf(failure) });
      return;
    }
  }

  /** Returns why it ended before everything was there, or undefined. */
  async #drainOnce(source: Source): Promise<unknown> {
    const { pool, clock } = this.#fetcher;
    const { packId } = this.#receiver;
    const signal = this.#options.signal ? AbortSignal.any([this.#options.signal, source.stop.signal]) : source.stop.signal;
    let connection: PackConnection | undefined;
    try {
      this.#atWork.set(source, source.pace);
      source.connection = connection = await pool.take(source.deviceId, { signal });
      source.usedKept = pool.wasKept(connection);
      if (!this.#receiver.hasRoot) await this.#receiver.acceptRoot(await connection.rootBlock(packId, { signal }));
      while (!this.#board.finished) {
        const run = this.#nextRun(source);
        if (!run) {
          this.#atWork.delete(source);
          await clock.sleep(fetching.lookEveryMs, signal);
          continue;
        }
        source.pace.asked(clock.nowMs());
        this.#atWork.set(source, source.pace);
        if (!connection.usable) {
          await pool.giveBack(source.deviceId, connection);
          source.connection = connection = undefined;
          source.connection = connection = await pool.take(source.deviceId, { signal });
        }
        await this.#takeRun(source, connection, run, signal);
        this.#board.release(source);
      }
      return undefined;
    } catch (error) {
      // Whoever stopped it said why.
      return source.stop.signal.aborted ? source.stop.signal.reason : error;
    } finally {
      source.connection = undefined;
      if (connection) await pool.giveBack(source.deviceId, connection);
    }
  }

  #nextRun(source: Source): LeafRun | undefined {
    // Nobody to share with, or too little to share: one request for all of it.
    const alone = this.#running.size === 1 && (this.#waiting.length === 0 || this.#wantedSources === 1);
    return this.#board.take(source, alone, source.pace.leafMs, this.#atWork, this.#fetcher.clock.nowMs());
  }

  async #takeRun(source: Source, connection: PackConnection, run: LeafRun, signal: AbortSignal): Promise<void> {
    const { packId } = this.#receiver;
    let leaf = run.next;
    const askedEnd = run.end;
    for await (const bytes of connection.leaves(packId, leaf, askedEnd - leaf, { signal, receiverChecks: true })) {
      if (!this.#board.has(leaf)) {
        try {
          await this.#receiver.acceptLeaf(leaf, bytes);
        } catch (error) {
          if (!isAppError(error, 'pack_corrupt')) throw error;
          await this.#askAgain(source, leaf, signal).catch((second: unknown) => {
            signal.throwIfAborted();
            throw isAppError(second, 'pack_corrupt') ? second : error;
          });
        }
        this.#took(source, leaf);
      }
      connection.recycle?.(bytes);
      this.#board.came(source, leaf);
      source.pace.came(this.#fetcher.clock.nowMs());
      leaf += 1;
      // Another source has taken over the rest. Without that, the answer is heard to its end: the connection stays good.
      if (leaf >= run.end && leaf < askedEnd) break;
    }
  }

  /**
   * A leaf that does not match was not checked by the sender. Asked for alone it is: a holder whose disk has rotted finds
   * out and says so, which is how it learns of it. Throws `pack_corrupt`, or why there was no answer.
   */
  async #askAgain(source: Source, leaf: number, signal: AbortSignal): Promise<void> {
    const { pool } = this.#fetcher;
    const connection = await pool.take(source.deviceId, { signal });
    try {
      for await (const bytes of connection.leaves(this.#receiver.packId, leaf, 1, { signal })) await this.#receiver.acceptLeaf(leaf, bytes);
    } finally {
      await pool.giveBack(source.deviceId, connection);
    }
  }

  #took(source: Source, leaf: number): void {
    source.leaves += 1;
    this.#fetchedLeaves += 1;
    this.#fetchedBytes += leafSizeOf(this.#receiver.sizeBytes, leaf);
    this.#lastCameMs = this.#fetcher.clock.nowMs();
    this.#options.onProgress?.({
      leavesDone: this.#resumedLeaves + this.#fetchedLeaves,
      leavesTotal: this.#receiver.leafCount,
      bytesDone: this.#fetchedBytes,
    });
  }

  /** Drops who has fallen far behind, and brings in one more where nothing moves. */
  async #look(over: AbortSignal): Promise<void> {
    const { clock } = this.#fetcher;
    for (;;) {
      try {
        await clock.sleep(fetching.lookEveryMs, over);
      } catch {
        return;
      }
      const nowMs = clock.nowMs();
      for (const [source, pace] of this.#atWork) {
        if (source.connection?.paced) continue;
        const others = [...this.#running.keys()].filter((other) => other !== source).map((other) => other.pace);
        if (!fallsBehind(pace, others, nowMs)) continue;
        source.stop.abort(new SwarmError('transfer_stalled', 'far slower than the other sources', { status: 'temporary' }));
      }
      // While a limit of ours slows somebody, another would not bring more.
      const paced = [...this.#running.keys()].some((source) => source.connection?.paced);
      if (paced || nowMs - this.#lastCameMs < fetching.oneMoreAfterMs || this.#waiting.length === 0) continue;
      this.#start(this.#waiting.shift()!);
      this.#lastCameMs = nowMs;
    }
  }
}

function isOurs(error: unknown): boolean {
  return isAppError(error, 'store_full') || isAppError(error, 'store_failed') || isAppError(error, 'pack_invalid');
}
