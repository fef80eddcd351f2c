import { randomUUID } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import type { JobTask } from '#libs/contracts';
import type { DeviceId } from '#libs/kernel';
import { Database } from '../database/database.ts';
import { DevicesService } from '../devices/devices.service.ts';
import type { NewJob } from '../jobs/jobs.service.ts';
import { JobsService } from '../jobs/jobs.service.ts';
import { queue } from '../packs/pack.entity.ts';
import { PacksService } from '../packs/packs.service.ts';
import { ReplicasService } from '../replicas/replicas.service.ts';
import type { ShownPack } from '../replicas/shown-packs.repository.ts';
import { ShownPacksRepository } from '../replicas/shown-packs.repository.ts';

/** Packs looked at in one transaction. */
const BATCH = 250;

export interface Adopting {
  /** Whether an owner has told all that it knows: until then a receipt may still come, and nobody has to sign again. */
  readonly isSettled: (owner: DeviceId) => boolean;
  /** Also where enough copies are on record: after a loss the counts are to be what the disks hold. */
  readonly all: boolean;
}

/**
 * Holders that have a pack for which no receipt is left are asked for a new one. The job is that of any copy; who has the pack already reads it
 * again, and signs without fetching anything.
 */
@Injectable()
export class AdoptionsService {
  #after = { packId: '', deviceId: '' };

  constructor(
    private readonly shown: ShownPacksRepository,
    private readonly packs: PacksService,
    private readonly replicas: ReplicasService,
    private readonly jobs: JobsService,
    private readonly devices: DevicesService,
    private readonly database: Database,
  ) {}

  /** The next batch. `orders`: how many holders were asked; `first` and `last`: whether it was that of a pass over everything that was shown. */
  async adoptSome(adopting: Adopting): Promise<{ readonly orders: number; readonly first: boolean; readonly last: boolean }> {
    return this.database.write(async () => {
      const first = this.#after.packId === '';
      const shown = await this.shown.adoptable(this.#after, BATCH);
      const end = shown.at(-1);
      const last = end === undefined || shown.length < BATCH;
      this.#after = last ? { packId: '', deviceId: '' } : { packId: end.packId, deviceId: end.deviceId };
      return { orders: await this.#order(shown, adopting), first, last };
    });
  }

  async #order(shown: readonly ShownPack[], { isSettled, all }: Adopting): Promise<number> {
    const packIds = [...new Set(shown.map((row) => row.packId))];
    const packs = new Map((await this.packs.find(packIds)).map((pack) => [pack.packId, pack]));
    const inHold = await this.packs.inHold(packIds);
    const avoid = new Set((await this.jobs.toAvoid(packIds)).map((job) => `${job.packId}/${job.deviceId}`));
    const members = new Set((await this.devices.agents()).filter((d) => d.membership === 'active').map((d) => d.deviceId));
    const generations = await this.packs.generations([...packs.values()].map((pack) => pack.vaultId));
    const orders = shown.flatMap(({ packId, deviceId }) => {
      const pack = packs.get(packId)!;
      if (inHold.has(packId) || avoid.has(`${packId}/${deviceId}`) || !members.has(deviceId)) return [];
      if (!isSettled(pack.ownerDeviceId) || (!all && pack.queue === queue.settled)) return [];
      const { vaultId, ownerDeviceId, kind: packKind, sizeBytes } = pack;
      const jobId = randomUUID();
      const generation = generations.get(vaultId) ?? 0;
      const about = { vaultId, ownerDeviceId, packId, packKind, sizeBytes, generation, reason: 'repair' as const };
      const task = { kind: 'replicate' as const, ...about, sources: [ownerDeviceId] } satisfies JobTask;
      return [{ job: { jobId, deviceId, task } satisfies NewJob, replica: { packId, deviceId, sizeBytes, generation, jobId } }];
    });
    if (orders.length === 0) return 0;
    await this.replicas.expect(orders.map(({ replica }) => replica));
    await this.jobs.create(orders.map(({ job }) => job));
    return orders.length;
  }
}
