import { Injectable, Logger } from '@nestjs/common';
import type { DeviceId } from '#libs/kernel';
import type { CurrentPerson } from '../access/access.decorators.ts';
import { AuditLogService } from '../audit-log/audit-log.service.ts';
import { Database } from '../database/database.ts';
import { CoordinatorError } from '../errors.ts';
import { EventsService } from '../events/events.service.ts';
import { PacksService } from '../packs/packs.service.ts';
import { RebuildStateService } from './rebuild-state.service.ts';

/** When repair goes on: enough devices have reported, or a person says so. Either is final for this loss. */
@Injectable()
export class RebuildEndService {
  readonly #log = new Logger('rebuild');

  constructor(
    private readonly state: RebuildStateService,
    private readonly packs: PacksService,
    private readonly auditLog: AuditLogService,
    private readonly events: EventsService,
    private readonly database: Database,
  ) {}

  /** A device has told everything for that memory; for another one it changes nothing. */
  async reported(deviceId: DeviceId, memoryId: string): Promise<void> {
    await this.database.write(async () => {
      if (!(await this.state.note(deviceId, memoryId))) return;
      this.events.publishPanel({ event: 'devices', deviceId });
    });
  }

  /** Enough have reported, and every holder was asked to sign for what is not on record: repair goes on. */
  async settle(): Promise<void> {
    await this.database.write(async () => {
      if (!(await this.state.isReported())) return;
      if (await this.state.end(null)) await this.#goOn('coordinator', 'rebuild.end');
    });
  }

  /**
   * A person says that repair may go on without the rest. Saying it again changes nothing. Throws `rebuild_not_running` when the
   * coordinator has lost nothing.
   */
  async go(person: CurrentPerson): Promise<void> {
    await this.database.write(async () => {
      if ((await this.state.view()).sinceMs === null) {
        throw new CoordinatorError('rebuild_not_running', 'The coordinator has lost nothing: repair is not held back.', {
          nextStep: 'Look at the overview for what keeps packs waiting.',
        });
      }
      if (await this.state.end(person.email)) await this.#goOn(person.email, 'rebuild.go');
    });
  }

  async #goOn(actor: string, action: string): Promise<void> {
    const { knownDevices, reportedDevices, waitingFor } = await this.state.view();
    const missing = waitingFor.map(({ deviceName }) => deviceName).slice(0, 50);
    await this.auditLog.record({ actor, action, subject: 'database', detail: { knownDevices, reportedDevices, missing } });
    await this.packs.unpark();
    this.packs.wake();
    this.events.publishPanel({ event: 'packs' });
    this.#log.log({ knownDevices, reportedDevices }, 'the coordinator has its memory back: repair goes on');
  }
}
