import { Injectable } from '@nestjs/common';
import type { Page, PageQuery, Snapshot } from '#libs/contracts';
import { PackBitmap } from '#libs/durability';
import type { DeviceId, VaultId } from '#libs/kernel';
import { DevicesService } from '../devices/devices.service.ts';
import { PresenceService } from '../presence/presence.service.ts';
import { ReplicasService } from '../replicas/replicas.service.ts';
import { SnapshotProtectionService } from './snapshot-protection.service.ts';
import type { SnapshotRow } from './snapshots.repository.ts';
import { SnapshotsRepository } from './snapshots.repository.ts';

/** Snapshots as people see them, with whether each could be restored from the holders that are online this moment. */
@Injectable()
export class SnapshotViewsService {
  constructor(
    private readonly snapshots: SnapshotsRepository,
    private readonly protection: SnapshotProtectionService,
    private readonly replicas: ReplicasService,
    private readonly presence: PresenceService,
    private readonly devices: DevicesService,
  ) {}

  /** Throws `device_not_found`. */
  async page(deviceId: DeviceId, query: PageQuery): Promise<Page<Snapshot>> {
    await this.devices.get(deviceId);
    const { rows, total } = await this.snapshots.page(deviceId, query);
    return { items: await this.#withPresence(rows), total, page: query.page, pageSize: query.pageSize };
  }

  async latest(deviceId: DeviceId, limit: number): Promise<Snapshot[]> {
    return this.#withPresence(await this.snapshots.latest(deviceId, limit));
  }

  /** All rows belong to one vault: a device has one. */
  async #withPresence(rows: readonly SnapshotRow[]): Promise<Snapshot[]> {
    const [first] = rows;
    if (!first) return [];
    const available = await this.#availableNow(first.vaultId);
    return rows.map((row) => toContract(row, this.protection.isWithin(row, available)));
  }

  async #availableNow(vaultId: VaultId): Promise<PackBitmap> {
    const online = new Set(this.presence.online());
    const holders = await this.replicas.holdersByOrdinal(vaultId);
    return PackBitmap.fromOrdinals(holders.filter(({ deviceId }) => online.has(deviceId)).map(({ ordinal }) => ordinal));
  }
}

function toContract(row: SnapshotRow, restorableNow: boolean): Snapshot {
  const {
    snapshotId,
    deviceId,
    vaultId,
    sequence,
    receivedAtMs,
    startedAtMs,
    endedAtMs,
    partial,
    protection,
    protectedAtMs,
    packs,
    stats,
  } = row;
  return {
    ...{ snapshotId, deviceId, vaultId, sequence, receivedAtMs, startedAtMs, endedAtMs, partial, protection, protectedAtMs },
    ...{ restorableNow, packs, packsBelowMinimum: row.belowMinimum, stats },
  };
}
