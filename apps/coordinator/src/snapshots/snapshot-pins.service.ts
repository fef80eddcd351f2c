import { Inject, Injectable } from '@nestjs/common';
import type { Clock } from '#libs/kernel';
import type { CurrentPerson } from '../access/access.decorators.ts';
import { AuditLogService } from '../audit-log/audit-log.service.ts';
import { Database } from '../database/database.ts';
import { CoordinatorError } from '../errors.ts';
import { EventsService } from '../events/events.service.ts';
import { CLOCK } from '../ports/ports.module.ts';
import { SnapshotPinsRepository } from './snapshot-pins.repository.ts';
import { SnapshotsRepository } from './snapshots.repository.ts';

/** A pinned snapshot is kept whatever the rules say, and its packs can't be released. */
@Injectable()
export class SnapshotPinsService {
  constructor(
    private readonly pins: SnapshotPinsRepository,
    private readonly snapshots: SnapshotsRepository,
    private readonly auditLog: AuditLogService,
    private readonly events: EventsService,
    private readonly database: Database,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /** Throws `snapshot_not_found`. */
  async set(snapshotId: string, pinned: boolean, person: CurrentPerson): Promise<void> {
    await this.database.write(async () => {
      const snapshot = await this.snapshots.get(snapshotId);
      if (!snapshot) throw new CoordinatorError('snapshot_not_found', 'There is no such snapshot.', { context: { snapshotId } });
      const { vaultId, deviceId, sequence } = snapshot;
      if (pinned) await this.pins.add({ snapshotId, vaultId, pinnedBy: person.email, pinnedAtMs: this.clock.nowMs() });
      else await this.pins.remove(snapshotId);
      await this.auditLog.record({
        ...{ actor: person.email, action: pinned ? 'snapshot.pin' : 'snapshot.unpin', subject: `snapshot ${sequence}`, deviceId },
        detail: { snapshotId },
      });
      this.events.publishPanel({ event: 'snapshots', deviceId });
    });
  }
}
