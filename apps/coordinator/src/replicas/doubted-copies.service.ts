import { Injectable } from '@nestjs/common';
import type { DoubtedCopies } from '#libs/contracts';
import { replicaWeight } from '#libs/durability';
import type { DeviceId } from '#libs/kernel';
import { DeviceStatesService } from '../devices/device-states.service.ts';
import { DurabilityRulesService } from '../policies/durability-rules.service.ts';
import { ReplicasRepository } from './replicas.repository.ts';

/** Copies in one answer. */
const MAX_LISTED = 5000;

/** What became of receipts, for their owner: by the same states and weights that packs are counted with, so that both say the same of a snapshot. */
@Injectable()
export class DoubtedCopiesService {
  constructor(
    private readonly replicas: ReplicasRepository,
    private readonly states: DeviceStatesService,
    private readonly rules: DurabilityRulesService,
  ) {}

  /** `after`: the last answer's `next`, or empty. */
  async of(owner: DeviceId, after: string): Promise<DoubtedCopies> {
    const signers = await this.replicas.signersFor(owner);
    const stateOf = await this.states.recorded(signers);
    const holders = signers
      .map((deviceId) => ({ deviceId, weight: replicaWeight(stateOf(deviceId), this.rules.settings) }))
      .filter(({ weight }) => weight < 1);
    const found = await this.replicas.receiptsWithoutCopy(owner, after, MAX_LISTED);
    if (found.length < MAX_LISTED) return { holders, copies: found, next: null };
    // The last pack may go on behind the limit: it comes whole with the next answer.
    const last = found.at(-1)!.packId;
    const copies = found.filter(({ packId }) => packId !== last);
    return { holders, copies, next: copies.at(-1)?.packId ?? last };
  }
}
