import { Injectable } from '@nestjs/common';
import type { ScrubReport } from '#libs/contracts';
import type { DeviceId } from '#libs/kernel';
import { Database } from '../database/database.ts';
import { ReplicasService } from '../replicas/replicas.service.ts';
import { AuditRecordsService } from './audit-records.service.ts';
import { AuditResultsService } from './audit-results.service.ts';

/** What devices found when they read their packs. Damage that a holder reports by itself is repaired and held against nobody. */
@Injectable()
export class ScrubReportsService {
  constructor(
    private readonly records: AuditRecordsService,
    private readonly results: AuditResultsService,
    private readonly replicas: ReplicasService,
    private readonly database: Database,
  ) {}

  /** May be repeated: a pack that is not counted for the device any more changes nothing. */
  async take(deviceId: DeviceId, report: ScrubReport): Promise<void> {
    await this.database.write(async () => {
      if (report.store === 'held') await this.#held(deviceId, report);
      else await this.#own(deviceId, report);
    });
  }

  async #held(deviceId: DeviceId, { damaged, found, endedAtMs, asked, packs }: ScrubReport): Promise<void> {
    const counted = await this.replicas.ofDevice(
      deviceId,
      damaged.map((pack) => pack.packId),
    );
    for (const row of counted) if (row.status !== 'pending') await this.results.rotten(row);
    if (endedAtMs !== null) await this.records.scanned(deviceId, { asked, packs, damaged: found });
  }

  async #own(deviceId: DeviceId, { damaged }: ScrubReport): Promise<void> {
    for (const { packId, repaired } of damaged) {
      const outcome = repaired ? 'it was fetched back whole from a holder' : 'no holder could give it back yet; it is tried again';
      await this.records.note(deviceId, {
        ...{ kind: 'rot', packId, ownerDeviceId: deviceId },
        cause: `One of its own packs was damaged on its own disk: ${outcome}.`,
      });
    }
  }
}
