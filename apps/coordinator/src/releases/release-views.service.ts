import { Inject, Injectable } from '@nestjs/common';
import type { OwnReleases, Page, PageQuery, ReleaseState, ReleaseView } from '#libs/contracts';
import type { TeamReason } from '#libs/durability';
import type { Clock, DeviceId, VaultId } from '#libs/kernel';
import { DevicesService } from '../devices/devices.service.ts';
import { CLOCK } from '../ports/ports.module.ts';
import { VaultsService } from '../vaults/vaults.service.ts';
import { toOwn } from './release-intake.service.ts';
import { ReleasedPacksRepository } from './released-packs.repository.ts';
import type { ReleaseRow } from './releases.repository.ts';
import { isOver, ReleasesRepository } from './releases.repository.ts';

/** An owner asks for this many of its newest releases: a month of nights and more. */
const OWN_LISTED = 200;

/** Releases as people, owners and the overview see them. */
@Injectable()
export class ReleaseViewsService {
  constructor(
    private readonly releases: ReleasesRepository,
    private readonly released: ReleasedPacksRepository,
    private readonly devices: DevicesService,
    private readonly vaults: VaultsService,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  async page(query: PageQuery, state: ReleaseState | undefined): Promise<Page<ReleaseView>> {
    const { rows, total } = await this.releases.page(query, state);
    return { items: await this.#views(rows), total, page: query.page, pageSize: query.pageSize };
  }

  async view(release: ReleaseRow): Promise<ReleaseView> {
    return (await this.#views([release]))[0]!;
  }

  async own(deviceId: DeviceId): Promise<OwnReleases> {
    const vault = await this.vaults.ofDevice(deviceId);
    if (!vault) return { lastSequence: 0, generation: 0, releases: [] };
    const rows = await this.releases.latestOf(vault.vaultId, OWN_LISTED);
    return {
      lastSequence: rows[0]?.releaseSequence ?? 0,
      generation: await this.releases.cancelledOf(vault.vaultId),
      releases: rows.map(toOwn),
    };
  }

  /** By the team root: the vault's device is gone. Oldest first. */
  async openByRoot(vaultId: VaultId): Promise<ReleaseView[]> {
    return this.#views(await this.releases.openByRoot(vaultId));
  }

  async counts(): Promise<Map<ReleaseState, number>> {
    const open = await this.releases.inState(['waiting', 'holding']);
    return new Map((['waiting', 'holding'] as const).map((state) => [state, open.filter((row) => row.state === state).length]));
  }

  /** What a person should look at: unusual releases that wait, or that somebody approved and that can still be cancelled. */
  async reasons(): Promise<TeamReason[]> {
    const nowMs = this.clock.nowMs();
    const unusual = (await this.releases.inState(['waiting', 'holding'])).filter(
      // A vault that was given up is no news once holders may delete it: nobody has to decide anything.
      (row) => row.flags.length > 0 && !(row.byRoot && isOver(row, nowMs)),
    );
    return Promise.all(
      unusual.map(async (row) => {
        const { name } = await this.devices.get(row.deviceId);
        const share = `${Math.round(row.share * 100)} % of its backups`;
        if (row.byRoot) return givenUp(row, name);
        return row.state === 'waiting'
          ? {
              deviceId: row.deviceId,
              text: `${name} wants to delete ${share}. ${row.explanation}`,
              nextStep: 'Nothing is deleted before somebody approves it. Look at the machine; cancel the release if nobody meant it.',
            }
          : {
              deviceId: row.deviceId,
              text: `${name} deletes ${share} from ${new Date(row.holdUntilMs!).toISOString().slice(0, 10)} on; ${row.decidedBy ?? 'somebody'} approved it.`,
              nextStep: 'Until then the release can be cancelled, and everything is as before.',
            };
      }),
    );
  }

  async #views(rows: readonly ReleaseRow[]): Promise<ReleaseView[]> {
    const left = await this.released.replicasLeft(rows.map((row) => row.releaseId));
    return Promise.all(
      rows.map(async (row): Promise<ReleaseView> => {
        const { releaseId, deviceId, vaultId, releaseSequence, reason, state, flags, explanation, packs, bytes, share } = row;
        const { snapshotsForgotten, receivedAtMs, countersignedAtMs, holdUntilMs, decidedBy, decidedAtMs, replicasDeleted } = row;
        return {
          ...{ releaseId, deviceId, deviceName: (await this.devices.get(deviceId)).name, vaultId, releaseSequence, reason, state },
          ...{ flags, explanation, packs, bytes, share, snapshotsForgotten, receivedAtMs, countersignedAtMs, holdUntilMs },
          ...{ decidedBy, decidedAtMs, replicasDeleted, replicasLeft: left.get(releaseId) ?? 0 },
        };
      }),
    );
  }
}

/** The device is gone, so it wants nothing; somebody with the recovery kit does. */
const givenUp = (row: ReleaseRow, name: string): TeamReason => ({
  deviceId: row.deviceId,
  ...(row.state === 'waiting'
    ? {
        text: `Somebody with the recovery kit gives the vault of ${name} up: all of it is to be deleted.`,
        nextStep: 'Nothing is deleted before somebody approves it. Cancel the release if nobody meant it.',
      }
    : {
        text: `The vault of ${name} is given up: colleagues delete it from ${new Date(row.holdUntilMs!).toISOString().slice(0, 10)} on; ${row.decidedBy ?? 'somebody'} decided it.`,
        nextStep: 'Until then the release can be cancelled, and everything is as before. Restore what is still needed.',
      }),
});
