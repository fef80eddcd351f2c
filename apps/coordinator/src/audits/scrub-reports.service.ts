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
    const fresh = counted.filter((row) => row.status !== 'damaged' && row.status !== 'pending');
    for (const row of fresh) await this.results.rotten(row);
    // Known damage, also where a whole copy is on its way, or some from before it was noted: nothing changes but that its owner can let the rest go.
    const onRecord = new Set(fresh.map((row) => row.packId));
    await this.results.noteDamaged(
      deviceId,
      damaged.map((pack) => pack.packId).filter((packId) => !onRecord.has(packId)),
    );
    if (endedAtMs === null) return;
    const before = await this.records.scanned(deviceId, { asked, packs, damaged: found });
    // What the pass before this one named and this one did not is not there any more, or whole.
    if (before !== null) await this.replicas.forgetDamagedUntil(deviceId, before);
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
