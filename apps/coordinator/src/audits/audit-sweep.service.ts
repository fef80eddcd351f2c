import type { OnModuleInit } from '@nestjs/common';
import { Inject, Injectable } from '@nestjs/common';
import type { CoordinatorConfig } from '../config/config.schema.ts';
import { CONFIG } from '../config/config.module.ts';
import { SchedulesService } from '../schedules/schedules.service.ts';
import { AuditAnswersService } from './audit-answers.service.ts';
import { AuditJudgeService } from './audit-judge.service.ts';
import { AuditRoundsService } from './audit-rounds.service.ts';
import { AuditUpkeepService } from './audit-upkeep.service.ts';

export const AUDIT_SWEEP = 'audit-sweep';

/** What audits need to be done without anybody asking. */
@Injectable()
export class AuditSweepService implements OnModuleInit {
  constructor(
    private readonly schedules: SchedulesService,
    private readonly answers: AuditAnswersService,
    private readonly upkeep: AuditUpkeepService,
    private readonly rounds: AuditRoundsService,
    private readonly judge: AuditJudgeService,
    @Inject(CONFIG) private readonly config: CoordinatorConfig,
  ) {}

  onModuleInit(): void {
    this.schedules.register({
      name: AUDIT_SWEEP,
      cron: this.config.durability.audits.sweepCron,
      run: async ({ signal }) => {
        while ((await this.answers.expire()) > 0) signal.throwIfAborted();
        await this.upkeep.run(signal);
        await this.rounds.run(signal);
        await this.judge.run(signal);
        // What was just decided of holders.
        await this.upkeep.run(signal);
      },
    });
  }
}
