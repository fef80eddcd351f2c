import { Injectable } from '@nestjs/common';
import type { Page, PageQuery, TrimView } from '#libs/contracts';
import { DevicesService } from '../devices/devices.service.ts';
import { TrimsRepository } from './trims.repository.ts';

/** Trims as people see them. */
@Injectable()
export class TrimViewsService {
  constructor(
    private readonly trims: TrimsRepository,
    private readonly devices: DevicesService,
  ) {}

  async page(query: PageQuery): Promise<Page<TrimView>> {
    const { rows, total } = await this.trims.page(query);
    const names = new Map((await this.devices.members()).map((device) => [device.deviceId, device.name]));
    const items = rows.map(({ releaseId, vaultId, deviceId, holderDeviceId, state, packs, bytes, receivedAtMs, holdUntilMs }) => ({
      ...{
        releaseId,
        vaultId,
        deviceId,
        deviceName: names.get(deviceId) ?? '',
        holderDeviceId,
        holderName: names.get(holderDeviceId) ?? '',
      },
      ...{ state, packs, bytes, receivedAtMs, holdUntilMs },
    }));
    return { items, total, page: query.page, pageSize: query.pageSize };
  }
}
