import { Injectable } from '@nestjs/common';
import type { RootReleaseDraft } from '#libs/contracts';
import { maxPacksPerRelease } from '#libs/contracts';
import { KeptHeadsService } from '../vaults/kept-heads.service.ts';
import type { Vault } from '../vaults/vaults.service.ts';
import { ReleasesRepository } from './releases.repository.ts';
import { RootReleasePacksRepository } from './root-release-packs.repository.ts';

/** The words that the team root would have to sign next to give a vault up. */
@Injectable()
export class RootReleaseDraftsService {
  constructor(
    private readonly packs: RootReleasePacksRepository,
    private readonly releases: ReleasesRepository,
    private readonly heads: KeptHeadsService,
  ) {}

  /** Null: every pack is in a release that waits or holds, or none is left. */
  async next(vault: Vault, teamId: string): Promise<RootReleaseDraft | null> {
    const { vaultId, deviceId } = vault;
    const packIds = await this.packs.first(vaultId, maxPacksPerRelease);
    if (packIds.length === 0) return null;
    const [last] = await this.releases.latestOf(vaultId, 1);
    const head = await this.heads.current(vault);
    return {
      ...{ teamId, vaultId, ownerDeviceId: deviceId, releaseSequence: (last?.releaseSequence ?? 0) + 1 },
      // A vault without a readable head has none to follow from; the root gives up what is there in any case.
      ...{
        headSequence: Math.max(1, head?.sequence ?? 1),
        generation: await this.releases.cancelledOf(vaultId),
        reason: 'leaver',
        packIds,
      },
    };
  }
}
