import type { OnModuleInit } from '@nestjs/common';
import { Injectable } from '@nestjs/common';
import { DeviceStatesService } from '../devices/device-states.service.ts';
import { DevicesService } from '../devices/devices.service.ts';
import { RevocationService } from '../roster/revocation.service.ts';
import { SchedulesService } from '../schedules/schedules.service.ts';
import { ReleaseDecisionsService } from './release-decisions.service.ts';
import type { ReleaseRow } from './releases.repository.ts';
import { isOver, ReleasesRepository } from './releases.repository.ts';

export const LOST_OWNERS = 'lost-owners';
const coordinator = { email: 'coordinator' };

/**
 * A vault can be given up for a device that is lost and not revoked: it may be in a drawer. While its packs are in hold it may turn up and go on with
 * them, so the release is void then. When the hold is over and it did not, it is revoked before anything is deleted: its index names packs
 * that are about to go, so it has to start anew should it ever come back.
 */
@Injectable()
export class LostOwnersService implements OnModuleInit {
  constructor(
    private readonly releases: ReleasesRepository,
    private readonly devices: DevicesService,
    private readonly states: DeviceStatesService,
    private readonly decisions: ReleaseDecisionsService,
    private readonly revocation: RevocationService,
    private readonly schedules: SchedulesService,
  ) {}

  onModuleInit(): void {
    this.schedules.register({ name: LOST_OWNERS, cron: '*/5 * * * *', run: ({ signal, nowMs }) => this.#look(signal, nowMs) });
  }

  async #look(signal: AbortSignal, nowMs: number): Promise<void> {
    for (const release of await this.releases.openByRoot()) {
      if (signal.aborted) return;
      await this.#decide(release, nowMs);
    }
  }

  async #decide(release: ReleaseRow, nowMs: number): Promise<void> {
    const owner = await this.devices.get(release.deviceId);
    if (owner.membership === 'revoked') return;
    if (this.states.wasHeardOfSince(owner, release.receivedAtMs)) {
      // Whoever cancelled it meanwhile has said the same.
      await this.decisions.cancel(release.releaseId, coordinator, 'the device was heard of again');
    } else if (release.state === 'holding' && isOver(release, nowMs) && this.states.isGoneForGood(owner)) {
      await this.revocation.revoke(owner.deviceId, coordinator);
    }
  }
}
