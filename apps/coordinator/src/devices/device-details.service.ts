import { Injectable } from '@nestjs/common';
import type { DeviceDetail } from '#libs/contracts';
import type { DeviceId } from '#libs/kernel';
import { RunsService } from '../runs/runs.service.ts';
import { SnapshotViewsService } from '../snapshots/snapshot-views.service.ts';
import { DeviceSummariesService } from './device-summaries.service.ts';

/** Runs and snapshots shown with a device; the rest is paged. */
const SHOWN = 20;

/** One device as people see it, with what it did lately. */
@Injectable()
export class DeviceDetailsService {
  constructor(
    private readonly summaries: DeviceSummariesService,
    private readonly runs: RunsService,
    private readonly snapshots: SnapshotViewsService,
  ) {}

  /** Throws `device_not_found`. */
  async of(deviceId: DeviceId): Promise<DeviceDetail> {
    return {
      ...(await this.summaries.of(deviceId)),
      runs: await this.runs.latest(deviceId, SHOWN),
      latestSnapshots: await this.snapshots.latest(deviceId, SHOWN),
    };
  }
}
