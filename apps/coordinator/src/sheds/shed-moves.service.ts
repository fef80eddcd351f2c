import { Injectable } from '@nestjs/common';
import type { ShedInput } from '#libs/durability';
import { bytesToFind, isGone, planShed } from '#libs/durability';
import type { DeviceId, PackId } from '#libs/kernel';
import type { Device } from '../devices/devices.service.ts';
import { DeviceStatesService } from '../devices/device-states.service.ts';
import { PacksService } from '../packs/packs.service.ts';
import { CandidatesService } from '../placement/candidates.service.ts';
import { PoliciesService } from '../policies/policies.service.ts';
import { packToPlace } from '../replicas/replica-counts.service.ts';
import { ReplicasService } from '../replicas/replicas.service.ts';
import { ShedRecordService } from './shed-record.service.ts';
import type { ShedRow } from './sheds.repository.ts';

/** Packs looked at with one read of each table. */
const BATCH = 500;

interface Held {
  readonly packs: ShedInput['packs'];
  /** Bytes of packs whose release is in hold: they leave anyway. */
  readonly releasedBytes: number;
}

/** Chooses which copies leave one device whose disk is short. Making copies is placement's work, letting go is that of trims. */
@Injectable()
export class ShedMovesService {
  constructor(
    private readonly replicas: ReplicasService,
    private readonly packs: PacksService,
    private readonly states: DeviceStatesService,
    private readonly policies: PoliciesService,
    private readonly candidates: CandidatesService,
    private readonly record: ShedRecordService,
  ) {}

  /** Cost: the packs that the device holds, and nothing once enough is on its way. `true`: nothing more can be done at present. */
  async plan(device: Device, shed: ShedRow, toGiveBackBytes: number, nowMs: number): Promise<boolean> {
    const { settings } = this.states;
    const { deviceId } = device;
    const leaving = await this.replicas.leavingBytes(deviceId, nowMs - settings.shed.patienceMs);
    const markedBefore = leaving.markedBytes + leaving.oldMarkedBytes > 0;
    if (!markedBefore && bytesToFind(toGiveBackBytes, leaving.trimmingBytes, settings) === 0) return false;
    const view = await this.candidates.view();
    const { packs, releasedBytes } = await this.#held(deviceId, view.siteOf);
    const plan = planShed({
      ...{ holder: deviceId, packs, candidates: view.candidates, settings },
      bytes: bytesToFind(toGiveBackBytes, leaving.trimmingBytes + leaving.markedBytes + releasedBytes, settings),
      copyBytesLeft: Math.max(0, settings.shed.copyBytesPerDay - this.record.usedToday(shed, nowMs)),
    });
    await this.record.carryOut(device, shed, plan, nowMs);
    this.packs.wake();
    const ready = new Set(plan.ready);
    this.record.tellOwners(new Set(packs.filter((pack) => ready.has(pack.packId)).map((pack) => pack.owner.deviceId)));
    return plan.obstacle !== null;
  }

  async #held(deviceId: DeviceId, siteOf: Parameters<typeof packToPlace>[3]): Promise<Held> {
    const goals = await this.policies.goals();
    const held: ShedInput['packs'][number][] = [];
    let releasedBytes = 0;
    for (let after = ''; ;) {
      const packIds = await this.replicas.heldAfter(deviceId, after, BATCH);
      const packs = await this.packs.find(packIds);
      const inHold: ReadonlySet<PackId> = await this.packs.inHold(packIds);
      const rows = Map.groupBy(await this.replicas.ofPacks(packIds), (row) => row.packId);
      const devices = new Set([...[...rows.values()].flat().map((row) => row.deviceId), ...packs.map((pack) => pack.ownerDeviceId)]);
      const stateOf = await this.states.recorded([...devices]);
      for (const pack of packs) {
        const replicas = rows.get(pack.packId) ?? [];
        if (inHold.has(pack.packId)) releasedBytes += pack.sizeBytes;
        else
          held.push({
            ...packToPlace(pack, replicas, stateOf, siteOf),
            goal: goals(pack.ownerDeviceId),
            ownerGone: isGone(stateOf(pack.ownerDeviceId)),
            marked: replicas.some((row) => row.deviceId === deviceId && row.shedSinceMs !== null),
          });
      }
      if (packIds.length < BATCH) return { packs: held, releasedBytes };
      after = packIds.at(-1)!;
    }
  }
}
