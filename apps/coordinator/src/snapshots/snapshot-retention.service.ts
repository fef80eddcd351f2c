import { Inject, Injectable } from '@nestjs/common';
import type { RetentionView } from '#libs/contracts';
import { planRetention } from '#libs/durability';
import type { Clock, DeviceId } from '#libs/kernel';
import { PoliciesService } from '../policies/policies.service.ts';
import { CLOCK } from '../ports/ports.module.ts';
import { SnapshotPinsRepository } from './snapshot-pins.repository.ts';
import { SnapshotsRepository } from './snapshots.repository.ts';

/** Which snapshots are to be kept: by the policy's retention rules on the time of receipt here, and by pins. No client's clock decides. */
@Injectable()
export class SnapshotRetentionService {
  constructor(
    private readonly snapshots: SnapshotsRepository,
    private readonly pins: SnapshotPinsRepository,
    private readonly policies: PoliciesService,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /** Throws `device_not_found`. */
  async of(deviceId: DeviceId): Promise<RetentionView> {
    const { effective } = await this.policies.ofDevice(deviceId);
    const rows = await this.snapshots.ofDevice(deviceId);
    const pinned = rows[0] ? await this.pins.ofVault(rows[0].vaultId) : new Set<string>();
    const plan = planRetention(
      rows.map(({ snapshotId, sequence, endedAtMs, receivedAtMs, partial }) => ({
        ...{ sequence, deviceTimeMs: endedAtMs, receivedAtMs, partial },
        pinned: pinned.has(snapshotId),
      })),
      effective.retention,
      { nowMs: this.clock.nowMs(), timeZone: effective.schedule.timeZone },
    );
    const reasons = new Map(plan.keep.map(({ sequence, reasons: why }) => [sequence, [...why]]));
    return {
      snapshots: rows.map(({ snapshotId, sequence, receivedAtMs }) => ({
        sequence,
        receivedAtMs,
        pinned: pinned.has(snapshotId),
        keep: reasons.has(sequence),
        reasons: reasons.get(sequence) ?? [],
      })),
    };
  }
}
