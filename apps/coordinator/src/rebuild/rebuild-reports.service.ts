import { Inject, Injectable } from '@nestjs/common';
import type { ReturnReceipts, ReturnSnapshots } from '#libs/contracts';
import type { Clock, DeviceId } from '#libs/kernel';
import { fromBase64Url } from '#libs/kernel';
import { DeviceStatesService } from '../devices/device-states.service.ts';
import { DevicesService } from '../devices/devices.service.ts';
import { CLOCK } from '../ports/ports.module.ts';
import { ReturnedReceiptsService } from '../replicas/returned-receipts.service.ts';
import { ReturnedSnapshotsService } from '../snapshots/returned-snapshots.service.ts';
import { RebuildStateService } from './rebuild-state.service.ts';

/** What owners hand back. Taken at any time: telling the coordinator what it knows changes nothing. */
@Injectable()
export class RebuildReportsService {
  constructor(
    private readonly receiptsBack: ReturnedReceiptsService,
    private readonly snapshotsBack: ReturnedSnapshotsService,
    private readonly devices: DevicesService,
    private readonly states: DeviceStatesService,
    private readonly state: RebuildStateService,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  async receipts(owner: DeviceId, { receipts }: ReturnReceipts): Promise<void> {
    const members = (await this.devices.agents()).filter((device) => device.membership !== 'revoked');
    const keys = new Map(members.map((device) => [device.deviceId, fromBase64Url(device.signingKey)]));
    const lostAtMs = await this.state.lostAtMs();
    const hasShown = (holder: DeviceId): boolean => (this.states.marks(holder).inventoryEndedAtMs ?? 0) >= lostAtMs;
    await this.receiptsBack.take(owner, receipts, { nowMs: this.clock.nowMs(), keyOf: (holder) => keys.get(holder), hasShown });
  }

  async snapshots(owner: DeviceId, body: ReturnSnapshots): Promise<void> {
    await this.snapshotsBack.take(owner, body, this.clock.nowMs());
  }
}
