import { randomUUID } from 'node:crypto';
import type { OnModuleInit } from '@nestjs/common';
import { Inject, Injectable } from '@nestjs/common';
import type { Job, JobTask } from '#libs/contracts';
import { restoreOrderValidMs } from '#libs/contracts';
import type { Clock, DeviceId, PackId } from '#libs/kernel';
import type { CoordinatorConfig } from '../config/config.schema.ts';
import { CONFIG } from '../config/config.module.ts';
import { Database } from '../database/database.ts';
import { CoordinatorError } from '../errors.ts';
import { EventsService } from '../events/events.service.ts';
import { CLOCK } from '../ports/ports.module.ts';
import { HeartbeatFactsRegistry } from '../presence/heartbeat-facts.ts';
import type { JobEntity } from './job.entity.ts';
import { jobSettings, pauseAfter } from './job-settings.ts';
import { JobsRepository } from './jobs.repository.ts';

export type StoredJob = Readonly<JobEntity>;
export interface NewJob {
  readonly deviceId: DeviceId;
  readonly task: JobTask;
  readonly jobId?: string;
  /** A repair that keeps to its share of the device's slots. */
  readonly inShare?: boolean;
}

/** The queue: leases, attempts with growing pauses, expiry. What a finished job means is decided by `JobReportsService`. */
@Injectable()
export class JobsService implements OnModuleInit {
  constructor(
    private readonly jobs: JobsRepository,
    private readonly events: EventsService,
    private readonly database: Database,
    private readonly facts: HeartbeatFactsRegistry,
    @Inject(CONFIG) private readonly config: CoordinatorConfig,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  onModuleInit(): void {
    this.facts.provide('openJobs', (deviceId) => this.jobs.dueCount(deviceId, this.clock.nowMs()));
  }

  /** Queues jobs and tells their devices. */
  async create(drafts: readonly NewJob[]): Promise<void> {
    const now = this.clock.nowMs();
    const { expirySeconds } = this.config.durability.jobs;
    const expiresAtMs = (task: JobTask): number => now + (task.kind === 'restore' ? restoreOrderValidMs : expirySeconds * 1000);
    await this.jobs.insert(
      drafts.map(({ deviceId, task, jobId = randomUUID(), inShare = false }) => ({
        ...{ jobId, deviceId, task, expiresAtMs: expiresAtMs(task), kind: task.kind },
        ...{ state: 'open', attempt: 0, createdAtMs: now, notBeforeMs: now },
        ...{ leaseUntilMs: null, endedAtMs: null, errorCode: null, errorMessage: null },
        inShare: inShare ? 1 : null,
        packId: task.kind === 'replicate' ? task.packId : null,
        restoreId: task.kind === 'restore' ? task.restoreId : null,
      })),
    );
    for (const deviceId of new Set(drafts.map((d) => d.deviceId))) this.events.publishAgent(deviceId, { event: 'jobs' });
  }

  /** What a device has to do: what waits for it and what it took (it may have forgotten), people's requests first. */
  async due(deviceId: DeviceId): Promise<Job[]> {
    const rows = await this.jobs.due(deviceId, this.clock.nowMs(), jobSettings.maxListed);
    const urgency = { restore: 0, backup: 1, replicate: 2 } as const;
    return rows.sort((a, b) => urgency[a.kind] - urgency[b.kind]).map(toContract);
  }

  /** Throws `job_not_found`, `job_not_yours`. */
  async get(jobId: string, deviceId: DeviceId): Promise<StoredJob> {
    const job = await this.jobs.find(jobId);
    if (!job) throw new CoordinatorError('job_not_found', 'There is no such job; it may be long done.', { context: { jobId } });
    if (job.deviceId !== deviceId) throw new CoordinatorError('job_not_yours', 'This job is for another device.', { context: { jobId } });
    return job;
  }

  hasLive(deviceId: DeviceId, kind: JobTask['kind']): Promise<boolean> {
    return this.jobs.liveOf(deviceId, kind).then((jobs) => jobs.length > 0);
  }

  liveCounts(kind: JobTask['kind']): Promise<Map<DeviceId, number>> {
    return this.jobs.liveCounts(kind);
  }

  /** How many more copies each device may be asked to fetch now, in all and as repairs that keep to `linkShare` of its slots; may be below zero. */
  async freeSlots(linkShare: number): Promise<(deviceId: DeviceId) => { readonly openSlots: number; readonly repairSlots: number }> {
    const [live, repairing] = [await this.jobs.liveCounts('replicate'), await this.jobs.liveShared()];
    const { openPerDevice } = this.config.durability.jobs;
    return (deviceId) => ({
      openSlots: openPerDevice - (live.get(deviceId) ?? 0),
      repairSlots: Math.ceil(openPerDevice * linkShare) - (repairing.get(deviceId) ?? 0),
    });
  }

  /** Jobs to fetch these packs that nobody has taken yet. */
  openFor(packIds: readonly PackId[]): Promise<StoredJob[]> {
    return this.jobs.openFor(packIds);
  }

  /** Ends jobs that are no longer wanted. */
  async callOff(jobs: readonly StoredJob[], reason: { readonly code: string; readonly message: string }): Promise<void> {
    for (const job of jobs)
      await this.jobs.update(job.jobId, { ...this.#ended('cancelled', job), errorCode: reason.code, errorMessage: reason.message });
  }

  /** Which devices gave up on which of these packs and are not to be asked again yet. */
  toAvoid(packIds: readonly PackId[]): Promise<{ packId: PackId; deviceId: DeviceId }[]> {
    return this.jobs.toAvoid(packIds, this.clock.nowMs());
  }

  /** Whether somebody may be asked again for a pack who could not since `sinceMs`. */
  pausesEndedSince(sinceMs: number): Promise<boolean> {
    return this.jobs.pausesEnded(sinceMs, this.clock.nowMs());
  }

  /** Takes or renews the lease. Throws `job_ended`. */
  async take(job: StoredJob): Promise<void> {
    if (!isLive(job)) throw new CoordinatorError('job_ended', `The job is ${job.state}.`, { context: { jobId: job.jobId } });
    const leaseUntilMs = this.clock.nowMs() + this.config.durability.jobs.leaseSeconds * 1000;
    await this.jobs.update(job.jobId, { state: 'taken', leaseUntilMs, attempt: job.state === 'taken' ? job.attempt : job.attempt + 1 });
  }

  async finish(job: StoredJob): Promise<void> {
    await this.jobs.update(job.jobId, { ...this.#ended('done', job), errorCode: null, errorMessage: null });
  }

  /**
   * The device gave up on a job. True when nothing follows. A retry is a job of its own, since the device answers one job the same way
   * again; a copy is not retried but planned anew, with the holders of that moment, and not at this device until a pause is over.
   */
  async fail(job: StoredJob, error: { readonly code: string; readonly message: string; readonly retry: boolean }): Promise<boolean> {
    const now = this.clock.nowMs();
    const reason = { errorCode: error.code, errorMessage: error.message };
    if (job.packId !== null) {
      const before = await this.jobs.failures(job.packId, job.deviceId, now - jobSettings.avoidAfterFailureMs);
      const pauseMs = error.retry ? pauseAfter(before + 1) : jobSettings.avoidAfterFailureMs;
      await this.jobs.update(job.jobId, { ...this.#ended('failed', job), ...reason, notBeforeMs: now + pauseMs });
      return true;
    }
    const final = !error.retry || job.attempt >= this.config.durability.jobs.maxAttempts;
    await this.jobs.update(job.jobId, { ...this.#ended('failed', job), ...reason });
    if (final) return true;
    const again = {
      jobId: randomUUID(),
      state: 'open',
      leaseUntilMs: null,
      notBeforeMs: now + pauseAfter(job.attempt),
      endedAtMs: null,
    } as const;
    await this.jobs.insert([{ ...job, ...again, ...reason }]);
    return false;
  }

  /** Ends a device's live jobs of one kind. Returns them. */
  async cancel(
    deviceId: DeviceId,
    kind: JobTask['kind'],
    reason: { readonly code: string; readonly message: string },
  ): Promise<StoredJob[]> {
    const jobs = await this.jobs.liveOf(deviceId, kind);
    await this.callOff(jobs, reason);
    return jobs;
  }

  /**
   * Leases that ran out go back to open (or fail for good), jobs past their time expire; each handed to `onFinal` when it has
   * ended. Ended jobs of yesterday are forgotten.
   */
  async sweep(onFinal: (job: StoredJob, error: { code: string; message: string }) => Promise<void>): Promise<void> {
    const now = this.clock.nowMs();
    for (const job of await this.jobs.expiredBefore(now)) {
      const error = { code: 'job_expired', message: 'The device did not get round to it in time.' };
      await this.#inTransaction(job, async (fresh) => {
        await this.jobs.update(fresh.jobId, { ...this.#ended('expired', fresh), errorCode: error.code, errorMessage: error.message });
        await onFinal(fresh, error);
      });
    }
    for (const job of await this.jobs.leasesEndedBefore(now)) {
      const error = { code: 'lease_expired', message: 'The device took it and was not heard of again.' };
      await this.#inTransaction(job, async (fresh) => {
        if (fresh.state !== 'taken' || fresh.leaseUntilMs === null || fresh.leaseUntilMs >= now) return;
        if (fresh.attempt >= this.config.durability.jobs.maxAttempts) {
          await this.jobs.update(fresh.jobId, { ...this.#ended('failed', fresh), errorCode: error.code, errorMessage: error.message });
          await onFinal(fresh, error);
          return;
        }
        // The same job: a device that did finish it may only not have been able to say so.
        await this.jobs.update(fresh.jobId, { state: 'open', leaseUntilMs: null, errorCode: error.code, errorMessage: error.message });
        this.events.publishAgent(fresh.deviceId, { event: 'jobs' });
      });
    }
    await this.jobs.deleteEndedBefore(now - jobSettings.keepEndedMs);
  }

  /** Looks again under the lock: the device may have reported meanwhile. */
  async #inTransaction(job: StoredJob, work: (fresh: StoredJob) => Promise<void>): Promise<void> {
    await this.database.write(async () => {
      const fresh = await this.jobs.find(job.jobId);
      if (fresh && isLive(fresh)) await work(fresh);
    });
  }

  #ended(state: 'done' | 'failed' | 'expired' | 'cancelled', job: StoredJob): Partial<JobEntity> {
    // The key that came for one restore is of no use to anybody afterwards.
    const task: JobTask = job.task.kind === 'restore' ? { ...job.task, sealedVaultKey: '' } : job.task;
    return { state, endedAtMs: this.clock.nowMs(), leaseUntilMs: null, task };
  }
}

export const isLive = (job: StoredJob): boolean => job.state === 'open' || job.state === 'taken';

const toContract = ({ jobId, task, state, attempt, createdAtMs, expiresAtMs }: StoredJob): Job => ({
  jobId,
  task,
  state,
  attempt,
  createdAtMs,
  expiresAtMs,
});
