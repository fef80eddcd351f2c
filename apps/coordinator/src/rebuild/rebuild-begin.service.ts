import type { OnApplicationBootstrap, OnModuleInit } from '@nestjs/common';
import { Injectable } from '@nestjs/common';
import { DevicesService } from '../devices/devices.service.ts';
import { Database } from '../database/database.ts';
import { EventsService } from '../events/events.service.ts';
import { ReleaseDecisionsService } from '../releases/release-decisions.service.ts';
import { MemoryService } from './memory.service.ts';
import { OnRecordService } from './on-record.service.ts';

/** What follows at once when the coordinator finds that its database lost something. */
@Injectable()
export class RebuildBeginService implements OnModuleInit, OnApplicationBootstrap {
  constructor(
    private readonly memory: MemoryService,
    private readonly devices: DevicesService,
    private readonly releases: ReleaseDecisionsService,
    private readonly onRecord: OnRecordService,
    private readonly events: EventsService,
    private readonly database: Database,
  ) {}

  onModuleInit(): void {
    this.memory.onLoss(() => this.#begin());
  }

  async onApplicationBootstrap(): Promise<void> {
    await this.memory.checkDatabase();
    await this.onRecord.recountIfUnfinished();
  }

  /** Part of the transaction that notes the loss. */
  async #begin(): Promise<void> {
    const devices = (await this.devices.agents()).filter((device) => device.membership !== 'revoked').map((device) => device.deviceId);
    await this.releases.suspendAll();
    await this.onRecord.startOver(devices);
    this.events.publishPanel({ event: 'packs' });
    // Each agent says hello again, and is asked for everything.
    this.database.afterCommit(() => devices.forEach((deviceId) => this.events.closeAgent(deviceId)));
  }
}
