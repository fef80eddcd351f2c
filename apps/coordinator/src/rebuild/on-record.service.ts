import { Injectable } from '@nestjs/common';
import type { DeviceId } from '#libs/kernel';
import { Database } from '../database/database.ts';
import { JobsService } from '../jobs/jobs.service.ts';
import { GoalChangesService } from '../replicas/goal-changes.service.ts';
import { ReplicasService } from '../replicas/replicas.service.ts';
import { VaultsService } from '../vaults/vaults.service.ts';
import { RebuildStateService } from './rebuild-state.service.ts';

/** Brings what follows from packs and replicas back in step with those that are left. */
@Injectable()
export class OnRecordService {
  constructor(
    private readonly jobs: JobsService,
    private readonly replicas: ReplicasService,
    private readonly vaults: VaultsService,
    private readonly goals: GoalChangesService,
    private readonly state: RebuildStateService,
    private readonly database: Database,
  ) {}

  /** Copies that an older database had ordered are called off, sums counted anew. Part of the caller's transaction. */
  async startOver(devices: readonly DeviceId[]): Promise<void> {
    const reason = { code: 'coordinator_rebuilding', message: 'The coordinator was restored and looks first what is there.' };
    for (const deviceId of devices) {
      const jobs = await this.jobs.cancel(deviceId, 'replicate', reason);
      await this.replicas.giveUp(jobs.map((job) => ({ packId: job.packId!, deviceId })));
    }
    await this.vaults.recountPacks();
    this.database.afterCommit(() => this.goals.recountAll());
  }

  /** Counting everything again may have been cut off. */
  async recountIfUnfinished(): Promise<void> {
    if (await this.state.isFrozen()) this.goals.recountAll();
  }
}
