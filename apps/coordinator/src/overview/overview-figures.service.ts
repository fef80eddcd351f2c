import { Injectable } from '@nestjs/common';
import type { Overview } from '#libs/contracts';
import type { DeviceReportCard } from '../devices/device-health.service.ts';
import { JobsService } from '../jobs/jobs.service.ts';
import { PacksService } from '../packs/packs.service.ts';
import { PresenceService } from '../presence/presence.service.ts';
import { VaultsService } from '../vaults/vaults.service.ts';

/** Sums over packs, jobs and disks. */
@Injectable()
export class OverviewFiguresService {
  constructor(
    private readonly packs: PacksService,
    private readonly jobs: JobsService,
    private readonly vaults: VaultsService,
    private readonly presence: PresenceService,
  ) {}

  async of(members: readonly DeviceReportCard[]): Promise<Pick<Overview, 'replicaHistogram' | 'storage' | 'repair'>> {
    const replicaHistogram = { zero: 0, one: 0, two: 0, threeOrMore: 0 };
    for (const { effective, packs } of await this.packs.byEffective()) {
      const whole = Math.floor(effective / 2);
      replicaHistogram[whole === 0 ? 'zero' : whole === 1 ? 'one' : whole === 2 ? 'two' : 'threeOrMore'] += packs;
    }
    const disks = members.map(({ device }) => this.presence.get(device.deviceId) ?? device);
    const backlog = await this.packs.backlog();
    const running = await this.jobs.liveCounts('replicate');
    return {
      replicaHistogram,
      storage: {
        availableBytes: sum(disks.map((disk) => disk.availableForPacksBytes)),
        heldBytes: sum(disks.map((disk) => disk.heldBytes)),
        vaultBytes: sum((await this.vaults.all()).map((vault) => vault.bytes)),
      },
      repair: { backlogPacks: backlog.packs, backlogBytes: backlog.bytes, runningJobs: sum([...running.values()]) },
    };
  }
}

const sum = (numbers: readonly number[]): number => numbers.reduce((a, b) => a + b, 0);
