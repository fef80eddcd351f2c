import { z } from 'zod';
import { type ReportRun, reportRun } from '#libs/contracts';
import { type Clock, Mutex, type RandomSource, toHex } from '#libs/kernel';
import type { JsonFile } from '../home/json-file.ts';

/** Runs that are kept for `status`; the coordinator keeps the rest. */
const keptRuns = 50;

export const runsState = z.strictObject({
  runs: z.array(z.strictObject({ run: reportRun, reported: z.boolean() })).max(1000),
});
type RunsState = z.infer<typeof runsState>;
export type RunTrigger = ReportRun['trigger'];

/** What a run ended with. */
export type RunEnd = Pick<ReportRun, 'filesDone' | 'bytesDone' | 'snapshotSequence' | 'errorCode' | 'errorMessage' | 'fileErrors'> & {
  readonly state: 'captured' | 'failed' | 'interrupted';
};

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

  /** Every scheduled time up to then has had its run: the end of the last run that was not cut off; 0 without one. */
  get coveredUntilMs(): number {
    let until = 0;
    for (const { run } of this.#state.runs)
      if (run.state === 'captured' || run.state === 'failed') until = Math.max(until, run.endedAtMs ?? 0);
    return until;
  }

  async start(trigger: RunTrigger): Promise<string> {
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
    await this.#write(run);
    await this.#report(run);
    return run.runId;
  }

  async end(runId: string, end: RunEnd): Promise<ReportRun> {
    const { run: before } = this.#state.runs.find((r) => r.run.runId === runId)!;
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
    await this.#write(run);
    await this.#report(run);
    return run;
  }

  async #report(run: ReportRun): Promise<void> {
    await this.#ports.report(run);
    await this.#writing.run(() => this.#save(this.#state.runs.map((r) => (r.run === run ? { run, reported: true } : r))));
  }

  async #write(run: ReportRun): Promise<void> {
    await this.#writing.run(async () => {
      const others = this.#state.runs.filter((r) => r.run.runId !== run.runId);
      await this.#save([...others, { run, reported: false }].slice(-keptRuns));
    });
  }

  async #save(runs: RunsState['runs']): Promise<void> {
    await this.#ports.file.write({ runs });
    this.#state = { runs };
  }
}

/** UUID version 4 (RFC 9562) from the given source. */
export function newUuid(random: RandomSource): string {
  const bytes = random.bytes(16);
  bytes[6] = (bytes[6]! & 0x0f) | 0x40;
  bytes[8] = (bytes[8]! & 0x3f) | 0x80;
  const hex = toHex(bytes);
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}
