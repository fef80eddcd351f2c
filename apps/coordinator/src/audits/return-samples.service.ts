import type { OnModuleInit } from '@nestjs/common';
import { Injectable } from '@nestjs/common';
import { returnSample } from '#libs/durability';
import type { DeviceId, PackId } from '#libs/kernel';
import { Database } from '../database/database.ts';
import { DeviceStatesService } from '../devices/device-states.service.ts';
import { ReplicasService } from '../replicas/replicas.service.ts';
import { AuditQueueRepository } from './audit-queue.repository.ts';
import { AuditRoundsService } from './audit-rounds.service.ts';
import { AuditTimes } from './audit-times.ts';

/** Packs read with one look at the table. */
const BATCH = 5000;

/** A device that was doubted or gone and is back names what it holds; 1 % of that, drawn at random, is asked for in its next round. */
@Injectable()
export class ReturnSamplesService implements OnModuleInit {
  constructor(
    private readonly states: DeviceStatesService,
    private readonly replicas: ReplicasService,
    private readonly queue: AuditQueueRepository,
    private readonly rounds: AuditRoundsService,
    private readonly times: AuditTimes,
    private readonly database: Database,
  ) {}

  onModuleInit(): void {
    this.states.onReturned((deviceId) => this.order(deviceId));
  }

  /** Makes a sample of what the device holds due now. What nobody has queued yet is left to the upkeep, which asks within the day. */
  async order(deviceId: DeviceId): Promise<void> {
    const held: PackId[] = [];
    for (let more = true; more;) {
      const packIds = await this.replicas.heldAfter(deviceId, held.at(-1) ?? '', BATCH);
      held.push(...packIds);
      more = packIds.length === BATCH;
    }
    const sample = returnSample(held, held.length, this.states.settings, this.times.random);
    await this.database.write(async () => {
      await this.queue.someDue(deviceId, sample, this.times.nowMs());
      this.database.afterCommit(() => this.rounds.soon(deviceId));
    });
  }
}
