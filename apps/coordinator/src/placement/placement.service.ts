import { randomUUID } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import type { JobTask } from '#libs/contracts';
import type { RepairAssignment, RepairPlan } from '#libs/durability';
import { planRepair } from '#libs/durability';
import type { PackId } from '#libs/kernel';
import { systemRandom } from '#libs/kernel';
import type { NewJob } from '../jobs/jobs.service.ts';
import { JobsService } from '../jobs/jobs.service.ts';
import type { PackRow } from '../packs/packs.repository.ts';
import { PacksService } from '../packs/packs.service.ts';
import { RebuildStateService } from '../rebuild/rebuild-state.service.ts';
import { ReplicasService } from '../replicas/replicas.service.ts';
import { PlacementInputService } from './placement-input.service.ts';
import { RepairBreakerService } from './repair-breaker.service.ts';

/** Packs in one plan and transaction: small enough that others write in between, large enough to share one look at the team. */
export const PLAN_SIZE = 250;

export interface PlanOutcome {
  readonly looked: number;
  readonly assigned: number;
  readonly parked: number;
}

/** Carries plans of `libs/durability` out: a pending replica and a job for each assignment, and a pause for what can't be helped now. */
@Injectable()
export class PlacementService {
  constructor(
    private readonly packs: PacksService,
    private readonly replicas: ReplicasService,
    private readonly jobs: JobsService,
    private readonly input: PlacementInputService,
    private readonly breaker: RepairBreakerService,
    private readonly rebuild: RebuildStateService,
  ) {}

  /**
   * Plans and orders copies of the packs that have the fewest. While the coordinator gets its memory back only of new ones: what the others
   * lack may only be unknown. To be called in a transaction.
   */
  async placeSome(): Promise<PlanOutcome> {
    const onlyNew = await this.rebuild.newWhileFrozen();
    const packs = onlyNew === null ? await this.packs.wanting(PLAN_SIZE) : await this.packs.wantingNew(onlyNew, PLAN_SIZE);
    if (packs.length === 0) return { looked: 0, assigned: 0, parked: 0 };
    const breaker = await this.breaker.current();
    const plan = planRepair({ ...(await this.input.of(packs)), breaker, random: systemRandom });
    await this.#order(plan.assignments, new Map(packs.map((pack) => [pack.packId, pack])));
    const parked = await this.#park(plan);
    return { looked: packs.length, assigned: plan.assignments.length, parked };
  }

  async #order(assignments: readonly RepairAssignment[], packs: ReadonlyMap<PackId, PackRow>): Promise<void> {
    // A release that was cancelled can't be turned against the copies that are placed after it.
    const generations = await this.packs.generations([...packs.values()].map((pack) => pack.vaultId));
    const orders = assignments.map(({ packId, deviceId, sources, cause, urgency }) => {
      const { vaultId, ownerDeviceId, kind, sizeBytes } = packs.get(packId)!;
      const jobId = randomUUID();
      const generation = generations.get(vaultId) ?? 0;
      const task = {
        kind: 'replicate' as const,
        vaultId,
        ownerDeviceId,
        packId,
        packKind: kind,
        sizeBytes,
        generation,
        sources: [...sources],
        reason: cause,
      } satisfies JobTask;
      return {
        job: { jobId, deviceId, task, inShare: urgency === 'in-its-share' } satisfies NewJob,
        replica: { packId, deviceId, sizeBytes, generation, jobId },
      };
    });
    if (orders.length === 0) return;
    await this.replicas.expect(orders.map(({ replica }) => replica));
    await this.jobs.create(orders.map(({ job }) => job));
  }

  /** What is busy stays in the queue: each job that ends makes room. The rest waits for a device to wake, join or get room. */
  async #park({ unmet }: RepairPlan): Promise<number> {
    const helpless = unmet.filter(({ code }) => code !== 'all_busy');
    for (const [code, some] of Map.groupBy(helpless, (pack) => pack.code)) {
      await this.packs.park(
        some.map((pack) => pack.packId),
        code,
      );
    }
    return helpless.length;
  }
}
