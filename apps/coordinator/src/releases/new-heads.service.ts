import { Inject, Injectable } from '@nestjs/common';
import type { PutVaultHead } from '#libs/contracts';
import type { Clock, DeviceId } from '#libs/kernel';
import type { VaultHead } from '#libs/vault';
import { Database } from '../database/database.ts';
import { CoordinatorError } from '../errors.ts';
import { KeptHeadsService } from '../vaults/kept-heads.service.ts';
import { VaultsService } from '../vaults/vaults.service.ts';
import { CLOCK } from '../ports/ports.module.ts';
import { ForgettingService } from './forgetting.service.ts';

/** Takes heads that come without a snapshot: after forget and prune. */
@Injectable()
export class NewHeadsService {
  constructor(
    private readonly heads: KeptHeadsService,
    private readonly forgetting: ForgettingService,
    private readonly vaults: VaultsService,
    private readonly database: Database,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /**
   * Idempotent. One that is older than the head here (a backup came in between) only restates needs. What was the head stays
   * among the kept ones. Throws `vault_not_yours`, `head_invalid` (not signed by the owner, another vault, a fork).
   */
  async take(deviceId: DeviceId, body: PutVaultHead): Promise<void> {
    const offered = await this.heads.read(deviceId, body.head);
    if (offered?.vaultId !== body.vaultId) throw invalid('is not one of this vault, signed by its owner');
    await this.database.write(async () => {
      const vault = await this.vaults.claim(body.vaultId, deviceId);
      const present = await this.heads.current(vault);
      if (present?.sequence === offered.sequence && (await this.heads.stored(vault.vaultId)) !== body.head)
        throw invalid(`is a second one of number ${offered.sequence}`);
      const isNewer = !present || offered.sequence > present.sequence;
      if (isNewer) {
        // Kept in any case: one that drops nothing may still have moved what its snapshots need.
        if (present && listsAll(offered, present)) await this.heads.keep(vault);
        await this.vaults.storeHead(vault, body.head, vault.headSequence);
      }
      await this.forgetting.restate(vault, body.needs);
      await this.forgetting.forgetUnlisted(vault, isNewer ? offered : present, this.clock.nowMs());
    });
  }
}

function listsAll(head: VaultHead, before: VaultHead): boolean {
  const listed = new Set(head.snapshots.map((s) => s.sequence));
  return before.snapshots.every((s) => listed.has(s.sequence));
}

const invalid = (what: string): CoordinatorError =>
  new CoordinatorError('head_invalid', `The vault's head ${what}.`, {
    nextStep: 'Two copies of this device may write one vault: stop one of them. Else let the device fetch the newest head and try again.',
  });
