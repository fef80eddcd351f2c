import { Injectable } from '@nestjs/common';
import { needlessPending } from '#libs/durability';
import type { PackId } from '#libs/kernel';
import { DeviceStatesService } from '../devices/device-states.service.ts';
import { JobsService } from '../jobs/jobs.service.ts';
import { PacksService } from '../packs/packs.service.ts';
import { DurabilityRulesService } from '../policies/durability-rules.service.ts';
import { PoliciesService } from '../policies/policies.service.ts';
import { goalFor, packToPlace } from './replica-counts.service.ts';
import { ReplicasService } from './replicas.service.ts';

/** What a returned device still holds need not be sent again: copies that nobody has begun to fetch are called off. */
@Injectable()
export class NeedlessCopiesService {
  constructor(
    private readonly replicas: ReplicasService,
    private readonly packs: PacksService,
    private readonly states: DeviceStatesService,
    private readonly policies: PoliciesService,
    private readonly rules: DurabilityRulesService,
    private readonly jobs: JobsService,
  ) {}

  /** Looks at these packs. Part of the caller's transaction. Returns how many copies were called off. */
  async callOff(packIds: readonly PackId[]): Promise<number> {
    const open = await this.jobs.openFor(packIds);
    if (open.length === 0) return 0;
    const packs = await this.packs.find([...new Set(open.map((job) => job.packId!))]);
    const rows = Map.groupBy(await this.replicas.ofPacks(packs.map((pack) => pack.packId)), (row) => row.packId);
    const stateOf = await this.states.recorded([...new Set([...rows.values()].flat().map((row) => row.deviceId))]);
    const goals = await this.policies.goals();
    const needless = packs.flatMap((pack) => {
      const replicas = rows.get(pack.packId) ?? [];
      const toPlace = packToPlace(pack, replicas, stateOf);
      return needlessPending({ ...toPlace, goal: goalFor(replicas, goals(pack.ownerDeviceId)) }, this.rules.settings).map(
        (deviceId) => `${pack.packId}/${deviceId}`,
      );
    });
    const jobs = open.filter((job) => needless.includes(`${job.packId!}/${job.deviceId}`));
    await this.jobs.callOff(jobs, { code: 'no_longer_needed', message: 'Enough copies are there again.' });
    await this.replicas.giveUp(jobs.map((job) => ({ packId: job.packId!, deviceId: job.deviceId })));
    return jobs.length;
  }
}
