import type { Job, JobReport } from '#libs/contracts';
import { isAppError, messageOf } from '#libs/kernel';
import { errorFields } from '../log/agent-log.ts';
import type { AgentRuntime } from '../runtime/agent-runtime.ts';
import { jobLimits } from './job-limits.ts';

export type JobProgress = NonNullable<Extract<JobReport, { state: 'taken' }>['progress']>;
export type JobEnd = Omit<Extract<JobReport, { state: 'done' }>, 'state'>;

/** Does one job. `report` tells the coordinator how far it is; throws what the job failed with. */
export type JobHandler<Kind extends Job['task']['kind']> = (
  task: Extract<Job['task'], { kind: Kind }>,
  context: { readonly agent: AgentRuntime; readonly signal: AbortSignal; readonly report: (progress: JobProgress) => void },
) => Promise<JobEnd>;

export type JobHandlers = { readonly [Kind in Job['task']['kind']]: JobHandler<Kind> };

/**
 * Does what the coordinator asks for. Delivery is at least once: a job under way is not started again, one that ended is
 * answered again the same way, and every handler may be repeated after a crash. Ends go through the outbox, so they
 * arrive even when the coordinator is away at that moment.
 */
export class JobRunner {
  readonly #agent: AgentRuntime;
  readonly #handlers: JobHandlers;
  readonly #mayStart: (kind: Job['task']['kind']) => boolean;
  readonly #active = new Map<string, Promise<void>>();
  readonly #kinds = new Map<string, Job['task']['kind']>();
  readonly #ended = new Map<string, JobReport>();
  readonly #waiting: Job[] = [];
  #polling: Promise<void> | undefined;
  #again = false;

  /** `mayStart`: asked before a job of a kind begins; one that may not waits for a later {@link poll}, untaken. */
  constructor(agent: AgentRuntime, handlers: JobHandlers, mayStart: (kind: Job['task']['kind']) => boolean = () => true) {
    this.#agent = agent;
    this.#handlers = handlers;
    this.#mayStart = mayStart;
  }

  get running(): number {
    return this.#active.size;
  }

  /** Fetches open jobs and starts what is new. Calls during a call lead to one more. */
  async poll(signal: AbortSignal): Promise<void> {
    if (this.#polling) {
      this.#again = true;
      return this.#polling;
    }
    this.#polling = (async () => {
      do {
        this.#again = false;
        for (const job of await this.#agent.coordinator.jobs(signal)) await this.#take(job, signal);
        this.#startWaiting(signal);
      } while (this.#again && !signal.aborted);
    })().finally(() => {
      this.#polling = undefined;
    });
    return this.#polling;
  }

  /** Resolves when nothing runs; after the signal given to {@link poll} was aborted that is soon. */
  async idle(): Promise<void> {
    while (this.#active.size > 0) await Promise.allSettled(this.#active.values());
  }

  async #take(job: Job, signal: AbortSignal): Promise<void> {
    if (job.state !== 'open' && job.state !== 'taken') return;
    const ended = this.#ended.get(job.jobId);
    if (ended) {
      await this.#agent.outbox.put({ kind: 'job', jobId: job.jobId, body: ended });
      return;
    }
    if (signal.aborted || this.#active.has(job.jobId) || this.#waiting.some((w) => w.jobId === job.jobId)) return;
    this.#waiting.push(job);
  }

  #startWaiting(signal: AbortSignal): void {
    for (let at = 0; at < this.#waiting.length && !signal.aborted;) {
      const job = this.#waiting[at]!;
      if (!this.#hasRoomFor(job.task.kind) || !this.#mayStart(job.task.kind)) {
        at += 1;
        continue;
      }
      this.#waiting.splice(at, 1);
      const work = this.#run(job, signal).finally(() => {
        this.#active.delete(job.jobId);
        this.#kinds.delete(job.jobId);
        this.#startWaiting(signal);
      });
      this.#kinds.set(job.jobId, job.task.kind);
      this.#active.set(job.jobId, work);
    }
  }

  #hasRoomFor(kind: Job['task']['kind']): boolean {
    const same = [...this.#kinds.values()].filter((k) => k === kind).length;
    return same < (kind === 'replicate' ? jobLimits.replications : 1);
  }

  async #run(job: Job, signal: AbortSignal): Promise<void> {
    const { coordinator, outbox, clock, log } = this.#agent;
    let progress: JobProgress | undefined;
    let sentAtMs = Number.NEGATIVE_INFINITY;
    let sending = false;
    const tell = (): void => {
      if (sending) return;
      sending = true;
      sentAtMs = clock.nowMs();
      // A lost progress report costs nothing; a lost lease brings the job again, and it is answered from memory.
      void coordinator
        .reportJob(job.jobId, { state: 'taken', ...(progress ? { progress } : {}) }, signal)
        .catch(() => undefined)
        .finally(() => {
          sending = false;
        });
    };
    tell();
    const renewal = setInterval(tell, jobLimits.renewMs);
    renewal.unref();
    let end: JobReport;
    try {
      const report = (now: JobProgress): void => {
        progress = now;
        if (clock.nowMs() - sentAtMs >= jobLimits.progressMs) tell();
      };
      end = { state: 'done', ...(await this.#handle(job, { agent: this.#agent, signal, report })) };
    } catch (error) {
      // Stopping is no failure: the lease runs out and the job comes again.
      if (signal.aborted) return;
      log.write('warn', `${job.task.kind} job failed`, { jobId: job.jobId, ...errorFields(error) });
      end = failure(error);
    } finally {
      clearInterval(renewal);
    }
    this.#ended.set(job.jobId, end);
    if (this.#ended.size > jobLimits.remembered) this.#ended.delete(this.#ended.keys().next().value!);
    await outbox
      .put({ kind: 'job', jobId: job.jobId, body: end })
      .catch((error: unknown) => log.write('error', 'the end of a job could not be recorded', errorFields(error)));
  }

  #handle({ task }: Job, context: Parameters<JobHandler<'backup'>>[1]): Promise<JobEnd> {
    switch (task.kind) {
      case 'backup':
        return this.#handlers.backup(task, context);
      case 'replicate':
        return this.#handlers.replicate(task, context);
      case 'restore':
        return this.#handlers.restore(task, context);
    }
  }
}

function failure(error: unknown): JobReport {
  const code = isAppError(error) ? error.code : 'internal';
  return {
    state: 'failed',
    code: code.slice(0, 60),
    message: messageOf(error).slice(0, 500),
    retry: isAppError(error) && error.status === 'temporary',
  };
}
