import { Injectable } from '@nestjs/common';
import type { RepairInput } from '#libs/durability';
import { DeviceStatesService } from '../devices/device-states.service.ts';
import { JobsService } from '../jobs/jobs.service.ts';
import type { PackRow } from '../packs/packs.repository.ts';
import { PoliciesService } from '../policies/policies.service.ts';
import { goalFor, packToPlace } from '../replicas/replica-counts.service.ts';
import { ReplicasService } from '../replicas/replicas.service.ts';
import { AllowancesService } from './allowances.service.ts';
import { CandidatesService } from './candidates.service.ts';

/** Gathers what `planRepair` decides by, for some packs. */
@Injectable()
export class PlacementInputService {
  constructor(
    private readonly replicas: ReplicasService,
    private readonly jobs: JobsService,
    private readonly states: DeviceStatesService,
    private readonly policies: PoliciesService,
    private readonly candidates: CandidatesService,
    private readonly allowances: AllowancesService,
  ) {}

  async of(packs: readonly PackRow[]): Promise<Pick<RepairInput, 'packs' | 'candidates' | 'settings'>> {
    const view = await this.candidates.view();
    const packIds = packs.map((pack) => pack.packId);
    const replicas = Map.groupBy(await this.replicas.ofPacks(packIds), (replica) => replica.packId);
    const failed = Map.groupBy(await this.jobs.toAvoid(packIds), (job) => job.packId);
    const holders = new Set([...replicas.values()].flat().map((replica) => replica.deviceId));
    const stateOf = await this.states.recorded([...holders]);
    const goals = await this.policies.goals();
    const over = await this.allowances.over(goals);
    return {
      candidates: view.candidates,
      settings: this.states.settings,
      packs: packs.map((pack) => {
        const rows = replicas.get(pack.packId) ?? [];
        const toPlace = packToPlace(pack, rows, stateOf, view.siteOf);
        const known = new Set(toPlace.replicas.map((replica) => replica.deviceId));
        // A device that just gave up on a pack stands as a lost pending copy: it counts nothing and is not asked again yet.
        const avoid = (failed.get(pack.packId) ?? [])
          .filter(({ deviceId }) => !known.has(deviceId))
          .map(({ deviceId }) => ({ deviceId, machineId: deviceId, site: '', anchor: false, state: 'lost', status: 'pending' }) as const);
        return {
          ...toPlace,
          replicas: [...toPlace.replicas, ...avoid],
          goal: goalFor(rows, goals(pack.ownerDeviceId)),
          overAllowance: over(pack.ownerDeviceId),
          ownerOnline: view.online.has(pack.ownerDeviceId),
        };
      }),
    };
  }
}
