import type { OnModuleInit } from '@nestjs/common';
import { Injectable } from '@nestjs/common';
import type { Calendars, DurabilitySettings, PresenceHistory } from '#libs/durability';
import type { DeviceId } from '#libs/kernel';
import { Mutex } from '#libs/kernel';
import { AuditStandingsService } from '../audits/audit-standings.service.ts';
import { DurabilityRulesService } from '../policies/durability-rules.service.ts';
import type { DeviceMarks } from './device-marks.repository.ts';
import { DeviceMarksService } from './device-marks.service.ts';
import { PresenceHistoriesService } from './presence-histories.service.ts';

/** All that a device's state follows from besides its heartbeats: rules, what people said of it, its habits and
 * the audits that it passed. In memory. */
@Injectable()
export class DeviceKnowledgeService implements OnModuleInit {
  readonly #turn = new Mutex();
  #auditsPassed: (deviceId: DeviceId) => number = () => 0;

  constructor(
    private readonly rules: DurabilityRulesService,
    private readonly marks: DeviceMarksService,
    private readonly histories: PresenceHistoriesService,
    private readonly audits: AuditStandingsService,
  ) {}

  onModuleInit(): Promise<void> {
    return this.#readAudits();
  }

  /** Audits that it passed ever, as of the last sweep. */
  auditsPassed(deviceId: DeviceId): number {
    return this.#auditsPassed(deviceId);
  }

  get settings(): DurabilitySettings {
    return this.rules.settings;
  }

  get calendars(): Calendars {
    return this.rules.calendars;
  }

  marksOf(deviceId: DeviceId): DeviceMarks {
    return this.marks.of(deviceId);
  }

  reconciling(): DeviceId[] {
    return this.marks.reconciling();
  }

  setMarks(deviceId: DeviceId, change: Partial<Omit<DeviceMarks, 'deviceId'>>): Promise<void> {
    return this.marks.set(deviceId, change);
  }

  historyOf(deviceId: DeviceId): PresenceHistory {
    return this.histories.of(deviceId);
  }

  /**
   * Reads what another coordinator may have changed, and writes down the hours that are over. One at a time: what one has just written is not taken
   * back by what another had read before, and whoever asks meanwhile sees it written.
   */
  refresh(): Promise<void> {
    return this.#turn.run(async () => {
      await this.rules.refresh();
      await this.marks.refresh();
      await this.histories.fold();
      await this.#readAudits();
    });
  }

  async #readAudits(): Promise<void> {
    const recordOf = await this.audits.all();
    this.#auditsPassed = (deviceId) => recordOf(deviceId).passed;
  }
}
