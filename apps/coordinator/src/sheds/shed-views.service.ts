import { Injectable } from '@nestjs/common';
import type { DeviceShed } from '#libs/contracts';
import type { StandingWords } from '#libs/durability';
import { shedWords } from '#libs/durability';
import type { DeviceId } from '#libs/kernel';
import { PresenceService } from '../presence/presence.service.ts';
import { ReplicasService } from '../replicas/replicas.service.ts';
import { ShedsRepository } from './sheds.repository.ts';

export interface ShedView {
  readonly shed: DeviceShed;
  readonly words: StandingWords;
}

/** Full disks as people see them. */
@Injectable()
export class ShedViewsService {
  constructor(
    private readonly sheds: ShedsRepository,
    private readonly replicas: ReplicasService,
    private readonly presence: PresenceService,
  ) {}

  /** By device, at this moment; ask once a page. Null: nothing to give back. */
  async all(): Promise<(deviceId: DeviceId) => ShedView | null> {
    const sheds = await this.sheds.all();
    const leaving = sheds.size > 0 ? await this.replicas.leavingByDevice([...sheds.keys()]) : new Map();
    return (deviceId) => {
      const row = sheds.get(deviceId);
      const toGiveBackBytes = this.presence.get(deviceId)?.toGiveBackBytes ?? 0;
      const { movingBytes = 0, inHoldBytes = 0 } = leaving.get(deviceId) ?? {};
      const obstacle = row?.obstacle === undefined || row.obstacle === '' ? null : row.obstacle;
      const begunAtMs = row?.begunAtMs ?? null;
      const words = shedWords({ toGiveBackBytes, movingBytes, inHoldBytes, begun: begunAtMs !== null, obstacle });
      return words && { words, shed: { toGiveBackBytes, movingBytes, inHoldBytes, begunAtMs, stuck: obstacle !== null } };
    };
  }
}
