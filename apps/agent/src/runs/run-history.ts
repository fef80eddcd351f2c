import { z } from 'zod';
import { type ReportRun, reportRun } from '#libs/contracts';
import { type Clock, Mutex, type RandomSource, toHex } from '#libs/kernel';
import type { JsonFile } from '../home/json-file.ts';

/** Runs that are kept for `status`; the coordinator keeps the rest. */
const keptRuns = 50;

export const runsState = z.strictObject({
  runs: z
    .array(
      z.strictObject({
        run: reportRun,
        reported: z.boolean(),
        /** Not of everything that is to be backed up: named paths, or a pipe. */
        adHoc: z.boolean().optional(),
        /** It failed by something that may be over soon. */
        mayPass: z.boolean().optional(),
      }),
    )
    .max(1000),
});
type RunsState = z.infer<typeof runsState>;
type KeptRun = RunsState['runs'][number];
export type RunTrigger = ReportRun['trigger'];

/** What a run ended with. */
export type RunEnd = Pick<ReportRun, 'filesDone' | 'bytesDone' | 'snapshotSequence' | 'errorCode' | 'errorMessage' | 'fileErrors'> & {
  readonly state: 'captured' | 'failed' | 'interrupted';
  /** Of a failure: trying again without doing anything may help. */
  readonly mayPass?: boolean;
};

/** Runs that failed since some fire time, none having succeeded after them. */
export interface RunFailures {
  readonly count: number;
  readonly lastEndedAtMs: number;
  /** Whether the last one may succeed when it is tried again. */
  readonly mayPass: boolean;
}

export interface RunHistoryPorts {
  readonly file: JsonFile<RunsState>;
  readonly clock: Clock;
  readonly random: RandomSource;
  /** Puts the run into the outbox; durable when it resolves. May see the same state twice. */
  report(run: ReportRun): Promise<void>;
}

/**
 * The runs of this device, on disk before anything of them happens. Guarantees: each start and end reaches the outbox,
 * whatever dies in between; a run that a crash cut off is found at the next start and ends as `interrupted`.
 */
export class RunHistory {
  readonly #ports: RunHistoryPorts;
  readonly #writing = new Mutex();
  #state: RunsState = { runs: [] };

  private constructor(ports: RunHistoryPorts) {
    this.#ports = ports;
  }

  /** `recover`: this process owns the home, so a run that still says `running` was cut off. */
  static async open(ports: RunHistoryPorts, recover: boolean): Promise<RunHistory> {
    const history = new RunHistory(ports);
    history.#state = (await ports.file.read()) ?? { runs: [] };
    if (!recover) return history;
    for (const { run } of history.#state.runs) {
      if (run.state === 'running')
        await history.end(run.runId, {
          ...run,
          state: 'interrupted',
          errorCode: 'interrupted',
          errorMessage: 'the agent stopped during the run',
        });
    }
    for (const { run, reported } of history.#state.runs) if (!reported) await history.#report(run);
    return history;
  }

  /** Newest last. */
  get runs(): readonly ReportRun[] {
    return this.#state.runs.map((r) => r.run);
  }

  get running(): ReportRun | undefined {
    return this.#state.runs.findLast((r) => r.run.state === 'running')?.run;
  }

  /**
   * Every scheduled time up to then has had its run: the end of the last one of everything that was captured, or that the schedule began and that
   * failed (see {@link failuresSince}); 0 without one. A failure that somebody at the machine saw, or a backup of named paths, stands for no night's backup.
   */
  get coveredUntilMs(): number {
    let until = 0;
    for (const { run, adHoc } of this.#state.runs)
      if (adHoc !== true && (run.state === 'captured' || (run.state === 'failed' && isScheduled(run))))
        until = Math.max(until, run.endedAtMs ?? 0);
    return until;
  }

  /** The scheduled runs that began at `sinceMs` or later and failed, when none of everything was captured after them. */
  failuresSince(sinceMs: number): RunFailures | undefined {
    let failures: RunFailures | undefined;
    for (const { run, adHoc, mayPass } of this.#state.runs) {
      if (adHoc === true || run.startedAtMs < sinceMs) continue;
      if (run.state === 'captured') failures = undefined;
      else if (run.state === 'failed' && (failures || isScheduled(run)))
        failures = { count: (failures?.count ?? 0) + 1, lastEndedAtMs: run.endedAtMs ?? run.startedAtMs, mayPass: mayPass === true };
    }
    return failures;
  }

  /** `adHoc`: not of everything that is to be backed up. */
  async start(trigger: RunTrigger, { adHoc = false }: { readonly adHoc?: boolean } = {}): Promise<string> {
    const run: ReportRun = {
      runId: newUuid(this.#ports.random),
      trigger,
      state: 'running',
      startedAtMs: this.#ports.clock.nowMs(),
      endedAtMs: null,
      filesDone: 0,
      bytesDone: 0,
      snapshotSequence: null,
      errorCode: null,
      errorMessage: null,
      fileErrors: 0,
    };
    await this.#write({ run, reported: false, ...(adHoc && { adHoc }) });
    await this.#report(run);
    return run.runId;
  }

  /** Also when the disk does not take it, the run has ended for this process, and the next write says so. */
  async end(runId: string, end: RunEnd): Promise<ReportRun> {
    const { run: before, adHoc } = this.#state.runs.find((r) => r.run.runId === runId)!;
    const run: ReportRun = {
      ...before,
      state: end.state,
      endedAtMs: this.#ports.clock.nowMs(),
      filesDone: end.filesDone,
      bytesDone: end.bytesDone,
      snapshotSequence: end.snapshotSequence,
      errorCode: end.errorCode,
      errorMessage: end.errorMessage?.slice(0, 500) ?? null,
      fileErrors: end.fileErrors,
    };
    const ended: KeptRun = { run, reported: false, ...(adHoc !== undefined && { adHoc }), ...(end.mayPass === true && { mayPass: true }) };
    try {
      await this.#write(ended);
    } catch (error) {
      this.#state = { runs: withRun(this.#state.runs, ended) };
      throw error;
    }
    await this.#report(run);
    return run;
  }

  async #report(run: ReportRun): Promise<void> {
    await this.#ports.report(run);
    await this.#writing.run(() => this.#save(this.#state.runs.map((r) => (r.run === run ? { ...r, reported: true } : r))));
  }

  async #write(kept: KeptRun): Promise<void> {
    await this.#writing.run(() => this.#save(withRun(this.#state.runs, kept)));
  }

  async #save(runs: RunsState['runs']): Promise<void> {
    await this.#ports.file.write({ runs });
    this.#state = { runs };
  }
}

const isScheduled = ({ trigger }: ReportRun): boolean => trigger === 'schedule' || trigger === 'catch-up';

const withRun = (runs: readonly KeptRun[], kept: KeptRun): KeptRun[] =>
  [...runs.filter((r) => r.run.runId !== kept.run.runId), kept].slice(-keptRuns);

/** UUID version 4 (RFC 9562) from the given source. */
function newUuid(random: RandomSource): string {
  const bytes = random.bytes(16);
  bytes[6] = (bytes[6]! & 0x0f) | 0x40;
  bytes[8] = (bytes[8]! & 0x3f) | 0x80;
  const hex = toHex(bytes);
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}
