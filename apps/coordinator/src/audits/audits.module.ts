import type { OnModuleInit } from '@nestjs/common';
import { Module } from '@nestjs/common';
import { DeviceStatesModule } from '../devices/device-states.module.ts';
import { DevicesModule } from '../devices/devices.module.ts';
import { GatewayModule } from '../gateway/gateway.module.ts';
import { MetricsService } from '../metrics/metrics.service.ts';
import { PacksModule } from '../packs/packs.module.ts';
import { PresenceModule } from '../presence/presence.module.ts';
import { ReplicaHeld } from '../replicas/replica-held.ts';
import { ReplicasModule } from '../replicas/replicas.module.ts';
import { ReplicasService } from '../replicas/replicas.service.ts';
import { VaultsModule } from '../vaults/vaults.module.ts';
import { AuditAnswersService } from './audit-answers.service.ts';
import { AuditAsksRepository } from './audit-asks.repository.ts';
import { AuditAsksService } from './audit-asks.service.ts';
import { AuditChallengesRepository } from './audit-challenges.repository.ts';
import { AuditChallengesService } from './audit-challenges.service.ts';
import { AuditHoldersRepository } from './audit-holders.repository.ts';
import { AuditJudgeService } from './audit-judge.service.ts';
import { AuditMetrics } from './audit-metrics.ts';
import { AuditQuestionsService } from './audit-questions.service.ts';
import { AuditQueueRepository } from './audit-queue.repository.ts';
import { AuditRecordsService } from './audit-records.service.ts';
import { AuditRequestsService } from './audit-requests.service.ts';
import { AuditResultsService } from './audit-results.service.ts';
import { AuditRoundsService } from './audit-rounds.service.ts';
import { AuditStandingsModule } from './audit-standings.module.ts';
import { AuditSweepService } from './audit-sweep.service.ts';
import { AuditTimes } from './audit-times.ts';
import { AuditUpkeepService } from './audit-upkeep.service.ts';
import { AuditsController } from './audits.controller.ts';
import { BlockProofs } from './block-proof.ts';
import { DeviceAuditsController } from './device-audits.controller.ts';
import { DeviceAuditsService } from './device-audits.service.ts';
import { ReturnSamplesService } from './return-samples.service.ts';
import { ScrubReportsService } from './scrub-reports.service.ts';
import { TeamAuditsController } from './team-audits.controller.ts';

/** Holders prove that they still have whole packs. */
@Module({
  imports: [
    AuditStandingsModule,
    DevicesModule,
    DeviceStatesModule,
    GatewayModule,
    PacksModule,
    PresenceModule,
    ReplicasModule,
    VaultsModule,
  ],
  controllers: [AuditsController, DeviceAuditsController, TeamAuditsController],
  providers: [
    ...[AuditChallengesRepository, AuditQueueRepository, AuditAsksRepository, AuditTimes, AuditMetrics, BlockProofs],
    ...[AuditChallengesService, AuditRecordsService, AuditResultsService, AuditAsksService, AuditAnswersService, AuditQuestionsService],
    ...[AuditRoundsService, AuditJudgeService, AuditUpkeepService, AuditSweepService],
    ...[ScrubReportsService, DeviceAuditsService, AuditRequestsService, ReturnSamplesService],
  ],
})
export class AuditsModule implements OnModuleInit {
  constructor(
    private readonly held: ReplicaHeld,
    private readonly results: AuditResultsService,
    private readonly metrics: MetricsService,
    private readonly holders: AuditHoldersRepository,
    private readonly replicas: ReplicasService,
  ) {}

  onModuleInit(): void {
    this.held.onHeld((replicas) => this.results.queueNew(replicas));
    this.metrics.gauge(
      'holdfast_holders_quarantined',
      'Devices that are not believed after failed audits',
      async () => (await this.holders.quarantined()).length,
    );
    this.metrics.gauge(
      'holdfast_replicas_quarantined',
      'Copies that count as nothing after a failed audit, or for their holder',
      async () => [...(await this.replicas.quarantinedCounts()).values()].reduce((sum, n) => sum + n, 0),
    );
  }
}
