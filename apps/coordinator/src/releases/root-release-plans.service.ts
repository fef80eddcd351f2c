import { Injectable } from '@nestjs/common';
import type { RootReleasePlan } from '#libs/contracts';
import { maxPacksPerRelease } from '#libs/contracts';
import type { DeviceId } from '#libs/kernel';
import { SnapshotsRepository } from '../snapshots/snapshots.repository.ts';
import { ReleaseSealsService } from './release-seals.service.ts';
import { ReleaseSignersService } from './release-signers.service.ts';
import { ReleaseViewsService } from './release-views.service.ts';
import { RootReleaseDraftsService } from './root-release-drafts.service.ts';
import { RootReleasePacksRepository } from './root-release-packs.repository.ts';

/** What giving a vault up comes to, for the person who is about to do it. */
@Injectable()
export class RootReleasePlansService {
  constructor(
    private readonly signers: ReleaseSignersService,
    private readonly packs: RootReleasePacksRepository,
    private readonly drafts: RootReleaseDraftsService,
    private readonly snapshots: SnapshotsRepository,
    private readonly views: ReleaseViewsService,
    private readonly seals: ReleaseSealsService,
  ) {}

  /** Throws `device_not_found`, `owner_not_gone`, `vault_not_found`. */
  async of(deviceId: DeviceId): Promise<RootReleasePlan> {
    const { owner, vault, teamId } = await this.signers.gone(deviceId);
    const { packs, bytes } = await this.packs.sums(vault.vaultId);
    const [newest] = await this.snapshots.latest(deviceId, 1);
    return {
      ...{ deviceId, deviceName: owner.name, state: owner.membership === 'revoked' ? 'revoked' : 'lost', vaultId: vault.vaultId },
      ...{ snapshots: await this.snapshots.countOf(deviceId), newestSnapshotAtMs: newest?.receivedAtMs ?? null, packs, bytes },
      holders: await this.packs.holders(vault.vaultId),
      holdMs: this.seals.holdMs,
      statements: Math.ceil(packs / maxPacksPerRelease),
      next: await this.drafts.next(vault, teamId),
      open: await this.views.openByRoot(vault.vaultId),
    };
  }
}
