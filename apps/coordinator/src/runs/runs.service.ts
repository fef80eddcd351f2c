import { Injectable } from '@nestjs/common';
import type { Page, PageQuery, ReportRun, Run } from '#libs/contracts';
import type { DeviceId } from '#libs/kernel';
import { Database } from '../database/database.ts';
import { DevicesService } from '../devices/devices.service.ts';
import { CoordinatorError } from '../errors.ts';
import { EventsService } from '../events/events.service.ts';
import { RunsRepository } from './runs.repository.ts';

/** What devices say of their backup runs. The last report of a run wins, but an ended run stays ended. */
@Injectable()
export class RunsService {
  constructor(
    private readonly runs: RunsRepository,
    private readonly devices: DevicesService,
    private readonly events: EventsService,
    private readonly database: Database,
  ) {}

  /** Throws `run_conflict`: the id in the path is another one, or the run is another device's. */
  async report(deviceId: DeviceId, runId: string, report: ReportRun): Promise<void> {
    await this.database.write(async () => {
      const known = await this.runs.find(runId);
      if (report.runId !== runId || (known && known.deviceId !== deviceId)) {
        throw new CoordinatorError('run_conflict', 'The run is another one than the path names, or another device’s.', {
          context: { runId },
        });
      }
      // A report that was delayed on its way must not make an ended run run again.
      if (known && known.state !== 'running' && report.state === 'running') return;
      await this.runs.save({ ...report, deviceId });
      this.events.publishPanel({ event: 'runs', deviceId });
    });
  }

  /** Throws `device_not_found`. */
  async page(deviceId: DeviceId, query: PageQuery): Promise<Page<Run>> {
    await this.devices.get(deviceId);
    const { rows, total } = await this.runs.page(deviceId, query);
    return { items: await this.#withProtection(rows), total, page: query.page, pageSize: query.pageSize };
  }

  async latest(deviceId: DeviceId, limit: number): Promise<Run[]> {
    return this.#withProtection(await this.runs.latest(deviceId, limit));
  }

  /** Runs that started since a moment, oldest first, at most `limit`. */
  async startedSince(sinceMs: number, limit: number): Promise<Run[]> {
    return this.#withProtection(await this.runs.startedSince(sinceMs, limit));
  }

  async #withProtection(runs: readonly Run[]): Promise<Run[]> {
    const protections = await this.runs.protections(runs);
    return runs.map((run) => ({ ...run, protection: protections.get(run.runId) ?? null }));
  }
}
