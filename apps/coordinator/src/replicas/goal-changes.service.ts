import type { OnModuleInit } from '@nestjs/common';
import { Injectable, Logger } from '@nestjs/common';
import { Database } from '../database/database.ts';
import { PacksService } from '../packs/packs.service.ts';
import { DurabilityRulesService } from '../policies/durability-rules.service.ts';
import { PoliciesService } from '../policies/policies.service.ts';
import { SnapshotProtectionService } from '../snapshots/snapshot-protection.service.ts';
import { VaultsService } from '../vaults/vaults.service.ts';
import { ReplicaCountsService } from './replica-counts.service.ts';

/** Packs counted again in one transaction: others write in between. */
const BATCH = 500;

/** Counts everything again when an owner's goal changed: rare, and in batches that let others in between. */
@Injectable()
export class GoalChangesService implements OnModuleInit {
  readonly #log = new Logger('replicas');
  #running: Promise<void> | undefined;
  #again = false;

  constructor(
    private readonly counts: ReplicaCountsService,
    private readonly packs: PacksService,
    private readonly vaults: VaultsService,
    private readonly policies: PoliciesService,
    private readonly rules: DurabilityRulesService,
    private readonly snapshots: SnapshotProtectionService,
    private readonly database: Database,
  ) {}

  onModuleInit(): void {
    this.policies.onGoalsChanged(() => this.recountAll());
  }

  /** Begins to count every pack and snapshot again from what is on record, or once more when that is under way. */
  recountAll(): void {
    this.#again = true;
    this.#running ??= this.#run().finally(() => (this.#running = undefined));
  }

  /** Resolves when no recount is under way. */
  async settled(): Promise<void> {
    await this.#running;
  }

  async #run(): Promise<void> {
    while (this.#again) {
      this.#again = false;
      try {
        await this.rules.refresh();
        await this.#recountAll();
      } catch (error) {
        this.#log.error({ err: error }, 'counting again after a change of policy failed; the next change or restart repeats it');
      }
    }
  }

  async #recountAll(): Promise<void> {
    for (let after = ''; ;) {
      const packIds = await this.packs.idsAfter(after, BATCH);
      if (packIds.length === 0) break;
      await this.database.write(() => this.counts.recount(packIds));
      after = packIds.at(-1)!;
    }
    for (const { vaultId, deviceId } of await this.vaults.all()) {
      await this.database.write(async () => this.snapshots.recount(vaultId, (await this.policies.goals())(deviceId)));
    }
    await this.packs.unpark();
  }
}
