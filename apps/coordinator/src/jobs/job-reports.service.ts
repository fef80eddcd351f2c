import { Injectable } from '@nestjs/common';
import type { JobReport } from '#libs/contracts';
import type { DeviceId } from '#libs/kernel';
import { Database } from '../database/database.ts';
import { WorkSignal } from '../packs/work-signal.ts';
import { ReceiptsService } from '../replicas/receipts.service.ts';
import { ReplicasService } from '../replicas/replicas.service.ts';
import { RestoresService } from '../restores/restores.service.ts';
import type { StoredJob } from './jobs.service.ts';
import { JobsService, isLive } from './jobs.service.ts';

interface JobFailure {
  readonly code: string;
  readonly message: string;
}

/** What a device's report means for replicas and restores. A report may come twice, late, or after the job was given up. */
@Injectable()
export class JobReportsService {
  constructor(
    private readonly jobs: JobsService,
    private readonly receipts: ReceiptsService,
    private readonly replicas: ReplicasService,
    private readonly restores: RestoresService,
    private readonly signal: WorkSignal,
    private readonly database: Database,
  ) {}

  /** Throws `job_not_found`, `job_not_yours`, `job_ended` (taking an ended job), `receipt_invalid`. */
  async report(deviceId: DeviceId, jobId: string, report: JobReport): Promise<void> {
    await this.database.write(async () => {
      const job = await this.jobs.get(jobId, deviceId);
      switch (report.state) {
        case 'taken':
          await this.jobs.take(job);
          if (job.restoreId !== null) await this.restores.running(job.restoreId, report.progress ?? null);
          return;
        case 'done':
          // A receipt is as good after the job was given up: the copy is there.
          if (job.state === 'done') return;
          if (job.task.kind === 'replicate') await this.receipts.accept(deviceId, job.task, report.receipt, jobId);
          if (job.restoreId !== null) await this.restores.done(job.restoreId, report.summary ?? null);
          await this.jobs.finish(job);
          this.signal.raise();
          return;
        case 'failed':
          if (!isLive(job)) return;
          if (await this.jobs.fail(job, report)) await this.#ended(job, report);
          else if (job.restoreId !== null) await this.restores.waitingAgain(job.restoreId, report);
      }
    });
  }

  /** Leases and deadlines; called by the sweep. */
  async sweep(): Promise<void> {
    await this.jobs.sweep((job, error) => this.#ended(job, error));
  }

  /** Whether a device may be asked again for a pack that it could not fetch. */
  pausesEndedSince(sinceMs: number): Promise<boolean> {
    return this.jobs.pausesEndedSince(sinceMs);
  }

  /** A job ended without success and will not be tried again. */
  async #ended(job: StoredJob, error: JobFailure): Promise<void> {
    if (job.packId !== null) await this.replicas.giveUp([{ packId: job.packId, deviceId: job.deviceId }]);
    if (job.restoreId !== null) await this.restores.failed(job.restoreId, error);
    this.signal.raise();
  }
}
