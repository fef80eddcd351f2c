import { Injectable } from '@nestjs/common';
import { In, IsNull, LessThan, LessThanOrEqual, MoreThan, Not } from 'typeorm';
import type { DeviceId, PackId, VaultId } from '#libs/kernel';
import { inBatches } from '../database/batches.ts';
import { Database } from '../database/database.ts';
import type { ReplicaStatus } from './replica.entity.ts';
import { ReceiptEntity, ReplicaEntity } from './replica.entity.ts';

export type ReplicaRow = Readonly<ReplicaEntity>;
export interface LeavingBytes {
  trimmingBytes: number;
  markedBytes: number;
  oldMarkedBytes: number;
}
/** A receipt as plain values. */
export type LostReceipt = Readonly<Pick<ReceiptEntity, keyof ReceiptEntity>>;

@Injectable()
export class ReplicasRepository {
  constructor(private readonly database: Database) {}

  async ofPacks(packIds: readonly PackId[]): Promise<ReplicaEntity[]> {
    const found: ReplicaEntity[] = [];
    for (const batch of inBatches(packIds)) found.push(...(await this.database.read.findBy(ReplicaEntity, { packId: In(batch) })));
    return found;
  }

  find(packId: PackId, deviceId: DeviceId): Promise<ReplicaEntity | null> {
    return this.database.read.findOneBy(ReplicaEntity, { packId, deviceId });
  }

  /** A device's replicas among these packs. */
  async ofDevice(deviceId: DeviceId, packIds: readonly PackId[]): Promise<ReplicaEntity[]> {
    const found: ReplicaEntity[] = [];
    for (const batch of inBatches(packIds))
      found.push(...(await this.database.read.findBy(ReplicaEntity, { deviceId, packId: In(batch) })));
    return found;
  }

  /** Packs of a device after `after`, in order: for going through all it holds in batches. */
  async packsAfter(deviceId: DeviceId, after: string, limit: number, status?: ReplicaEntity['status']): Promise<PackId[]> {
    const rows = await this.database.read.find(ReplicaEntity, {
      select: { packId: true },
      where: { deviceId, packId: MoreThan(after as PackId), ...(status ? { status } : {}) },
      order: { packId: 'ASC' },
      take: limit,
    });
    return rows.map((row) => row.packId);
  }

  /** Held or returning replicas that an inventory begun at `startedAtMs` did not name. */
  async unconfirmed(deviceId: DeviceId, startedAtMs: number, limit: number): Promise<PackId[]> {
    const rows = await this.database.read
      .createQueryBuilder(ReplicaEntity, 'r')
      .select('r.pack_id', 'id')
      .where('r.device_id = :deviceId AND r.status NOT IN (:...others)', { deviceId, others: ['pending', 'damaged'] })
      .andWhere('(r.confirmed_at_ms IS NULL OR r.confirmed_at_ms < :startedAtMs)', { startedAtMs })
      .andWhere('(r.held_at_ms IS NULL OR r.held_at_ms < :startedAtMs)', { startedAtMs })
      .limit(limit)
      .getRawMany<{ id: PackId }>();
    return rows.map((row) => row.id);
  }

  /** Pack ordinal and holder of every held replica of a vault. */
  async holdersByOrdinal(vaultId: VaultId): Promise<{ ordinal: number; deviceId: DeviceId }[]> {
    const rows = await this.database.read
      .createQueryBuilder(ReplicaEntity, 'r')
      .innerJoin('packs', 'p', 'p.pack_id = r.pack_id')
      .select(['p.ordinal AS ordinal', 'r.device_id AS device'])
      .where('p.vault_id = :vaultId AND r.status = :held', { vaultId, held: 'held' })
      .getRawMany<{ ordinal: string | number; device: DeviceId }>();
    return rows.map((row) => ({ ordinal: Number(row.ordinal), deviceId: row.device }));
  }

  /** Copies of an owner's packs for which there is a receipt and that are not held (any more), by pack id from above `after`. */
  async receiptsWithoutCopy(
    ownerDeviceId: DeviceId,
    after: string,
    limit: number,
  ): Promise<{ readonly packId: PackId; readonly holderDeviceId: DeviceId }[]> {
    const rows = await this.database.read
      .createQueryBuilder(ReceiptEntity, 'r')
      .leftJoin('replicas', 'c', 'c.pack_id = r.pack_id AND c.device_id = r.holder_device_id AND c.status = :held', { held: 'held' })
      .select(['r.pack_id AS pack', 'r.holder_device_id AS holder'])
      .where('r.owner_device_id = :ownerDeviceId AND r.pack_id > :after AND c.pack_id IS NULL', { ownerDeviceId, after })
      .orderBy('r.pack_id')
      .addOrderBy('r.holder_device_id')
      .limit(limit)
      .getRawMany<{ pack: PackId; holder: DeviceId }>();
    return rows.map(({ pack, holder }) => ({ packId: pack, holderDeviceId: holder }));
  }

  /** Devices that signed for packs of an owner. */
  async signersFor(ownerDeviceId: DeviceId): Promise<DeviceId[]> {
    const rows = await this.database.read
      .createQueryBuilder(ReceiptEntity, 'r')
      .select('DISTINCT r.holder_device_id', 'holder')
      .where('r.owner_device_id = :ownerDeviceId', { ownerDeviceId })
      .getRawMany<{ holder: DeviceId }>();
    return rows.map(({ holder }) => holder);
  }

  /** Bytes on their way to each device. */
  async pendingBytes(): Promise<Map<DeviceId, number>> {
    const rows = await this.database.read
      .createQueryBuilder(ReplicaEntity, 'r')
      .select(['r.device_id AS device', 'SUM(r.size_bytes) AS bytes'])
      .where({ status: 'pending' })
      .groupBy('r.device_id')
      .getRawMany<{ device: DeviceId; bytes: string | number }>();
    return new Map(rows.map((row) => [row.device, Number(row.bytes)]));
  }

  /**
   * Bytes that are leaving a device: let go by their owners, and to leave since its disk is short, the latter by whether they were chosen before
   * `chosenBeforeMs`.
   */
  async leavingBytes(deviceIds: readonly DeviceId[], chosenBeforeMs = 0): Promise<Map<DeviceId, LeavingBytes>> {
    const found = new Map(deviceIds.map((deviceId) => [deviceId, { trimmingBytes: 0, markedBytes: 0, oldMarkedBytes: 0 }]));
    for (const batch of inBatches(deviceIds)) {
      const marked = { deviceId: In(batch), status: 'held' as const, shedSinceMs: Not(IsNull()) };
      const rows = await this.database.read.find(ReplicaEntity, {
        select: { deviceId: true, sizeBytes: true, shedSinceMs: true },
        where: marked,
      });
      for (const { deviceId, sizeBytes, shedSinceMs } of rows)
        found.get(deviceId)![shedSinceMs! < chosenBeforeMs ? 'oldMarkedBytes' : 'markedBytes'] += sizeBytes;
      const trimming = await this.database.read
        .createQueryBuilder(ReplicaEntity, 'r')
        .select(['r.device_id AS device', 'SUM(r.size_bytes) AS bytes'])
        .where({ status: 'trimming', deviceId: In(batch) })
        .groupBy('r.device_id')
        .getRawMany<{ device: DeviceId; bytes: string | number }>();
      for (const { device, bytes } of trimming) found.get(device)!.trimmingBytes = Number(bytes);
    }
    return found;
  }

  /** An owner's packs that are to leave full disks, by holder; at most `limit` of them. */
  async shedOf(ownerDeviceId: DeviceId, limit: number): Promise<{ packId: PackId; deviceId: DeviceId }[]> {
    const rows = await this.database.read
      .createQueryBuilder(ReplicaEntity, 'r')
      .innerJoin('packs', 'p', 'p.pack_id = r.pack_id')
      .select(['r.pack_id AS id', 'r.device_id AS device'])
      .where('r.shed_since_ms IS NOT NULL AND r.status = :held AND p.owner_device_id = :ownerDeviceId', { held: 'held', ownerDeviceId })
      .orderBy('r.shed_since_ms')
      .addOrderBy('r.pack_id')
      .limit(limit)
      .getRawMany<{ id: PackId; device: DeviceId }>();
    return rows.map((row) => ({ packId: row.id, deviceId: row.device }));
  }

  /** Packs that are marked to leave a device, whatever became of them. */
  async markedAt(deviceId: DeviceId, limit: number): Promise<PackId[]> {
    const where = { deviceId, shedSinceMs: Not(IsNull()) };
    return (await this.database.read.find(ReplicaEntity, { select: { packId: true }, where, take: limit })).map((row) => row.packId);
  }

  async save(replicas: readonly ReplicaEntity[]): Promise<void> {
    await this.database.write(async (manager) => {
      for (const batch of inBatches(replicas, 10)) await manager.upsert(ReplicaEntity, batch, ['packId', 'deviceId']);
    });
  }

  async update(deviceId: DeviceId, packIds: readonly PackId[], change: Partial<Omit<ReplicaEntity, 'packId' | 'deviceId'>>): Promise<void> {
    await this.database.write(async (manager) => {
      for (const batch of inBatches(packIds)) await manager.update(ReplicaEntity, { deviceId, packId: In(batch) }, change);
    });
  }

  async changeStatus(deviceId: DeviceId, packIds: readonly PackId[], from: ReplicaStatus, to: ReplicaStatus): Promise<void> {
    await this.database.write(async (manager) => {
      for (const batch of inBatches(packIds))
        await manager.update(ReplicaEntity, { deviceId, packId: In(batch), status: from }, { status: to });
    });
  }

  /** Held replicas of these packs count again only when their holders name them. Returns these holders. */
  async doubt(packIds: readonly PackId[]): Promise<DeviceId[]> {
    const holders = new Set<DeviceId>();
    await this.database.write(async (manager) => {
      for (const batch of inBatches(packIds)) {
        const where = { packId: In(batch), status: 'held' as const };
        for (const { deviceId } of await manager.find(ReplicaEntity, { select: { deviceId: true }, where })) holders.add(deviceId);
        // What an inventory said before says nothing any more.
        await manager.update(ReplicaEntity, where, { status: 'returning', confirmedAtMs: null });
      }
    });
    return [...holders];
  }

  /** An owner's packs of which holders have damaged copies, by no running trim yet; at most `limit` of them. */
  async damagedOf(ownerDeviceId: DeviceId, limit: number): Promise<{ packId: PackId; deviceId: DeviceId }[]> {
    const rows = await this.database.read
      .createQueryBuilder(ReplicaEntity, 'r')
      .innerJoin('packs', 'p', 'p.pack_id = r.pack_id')
      .leftJoin('trimmed_packs', 't', 't.pack_id = r.pack_id AND t.holder_device_id = r.device_id')
      .select(['r.pack_id AS id', 'r.device_id AS device'])
      .where('r.status = :damaged AND p.owner_device_id = :ownerDeviceId AND t.release_id IS NULL', { damaged: 'damaged', ownerDeviceId })
      .orderBy('r.pack_id')
      .limit(limit)
      .getRawMany<{ id: PackId; device: DeviceId }>();
    return rows.map((row) => ({ packId: row.id, deviceId: row.device }));
  }

  async deleteDamagedUntil(deviceId: DeviceId, namedUntilMs: number): Promise<void> {
    const where = { deviceId, damagedAtMs: LessThanOrEqual(namedUntilMs) };
    await this.database.write(async (manager) => {
      await manager.delete(ReplicaEntity, { ...where, status: 'damaged' });
      await manager.update(ReplicaEntity, { ...where, status: 'pending' }, { damagedAtMs: null });
    });
  }

  async heldBy(deviceId: DeviceId, limit: number): Promise<PackId[]> {
    const where = { deviceId, status: 'held' as const };
    const rows = await this.database.read.find(ReplicaEntity, { select: { packId: true }, where, take: limit });
    return rows.map((row) => row.packId);
  }

  async quarantinedCounts(): Promise<Map<DeviceId, number>> {
    const rows = await this.database.read
      .createQueryBuilder(ReplicaEntity, 'r')
      .select(['r.device_id AS device', 'COUNT(*) AS replicas'])
      .where({ status: 'quarantine' })
      .groupBy('r.device_id')
      .getRawMany<{ device: DeviceId; replicas: string | number }>();
    return new Map(rows.map((row) => [row.device, Number(row.replicas)]));
  }

  /** Removes replicas that are not just on their way. */
  async deleteKept(deviceId: DeviceId, packIds: readonly PackId[]): Promise<void> {
    await this.database.write(async (manager) => {
      for (const batch of inBatches(packIds))
        await manager.delete(ReplicaEntity, { deviceId, packId: In(batch), status: Not('pending' as const) });
    });
  }

  /** Marks what a device held, unless an inventory named it since `goneSinceMs`: it was gone and is back. */
  async markReturning(deviceId: DeviceId, goneSinceMs: number): Promise<void> {
    const unconfirmed = [
      { deviceId, status: 'held' as const, confirmedAtMs: IsNull() },
      { deviceId, status: 'held' as const, confirmedAtMs: LessThan(goneSinceMs) },
    ];
    await this.database.write(async (manager) => {
      for (const where of unconfirmed) await manager.update(ReplicaEntity, where, { status: 'returning' });
    });
  }

  /** Devices whose inventory is still awaited. */
  async returningDevices(): Promise<DeviceId[]> {
    const rows = await this.database.read
      .createQueryBuilder(ReplicaEntity, 'r')
      .select('DISTINCT r.device_id', 'device')
      .where({ status: 'returning' })
      .getRawMany<{ device: DeviceId }>();
    return rows.map((row) => row.device);
  }

  async delete(deviceId: DeviceId, packIds: readonly PackId[]): Promise<void> {
    await this.database.write(async (manager) => {
      for (const batch of inBatches(packIds)) await manager.delete(ReplicaEntity, { deviceId, packId: In(batch) });
    });
  }

  /** Every replica and receipt of packs. */
  async deleteOfPacks(packIds: readonly PackId[]): Promise<void> {
    await this.database.write(async (manager) => {
      for (const batch of inBatches(packIds)) {
        await manager.delete(ReplicaEntity, { packId: In(batch) });
        await manager.delete(ReceiptEntity, { packId: In(batch) });
      }
    });
  }

  /**
   * Removes the pending replica of a job that ended without a receipt; one that is held meanwhile stays. What was to take the place of a damaged
   * copy leaves that one behind.
   */
  async dropPending(packId: PackId, deviceId: DeviceId): Promise<void> {
    const pending = { packId, deviceId, status: 'pending' as const };
    await this.database.write(async (manager) => {
      await manager.delete(ReplicaEntity, { ...pending, damagedAtMs: IsNull() });
      await manager.update(ReplicaEntity, pending, { status: 'damaged' });
    });
  }

  /**
   * Keeps a receipt under a new cursor, replacing the holder's older one for the pack. Cursors follow the time as far as they can, so that an
   * owner that has seen later ones still gets those which come after the database was emptied or put back.
   */
  async addReceipt(receipt: Omit<ReceiptEntity, 'cursor'>, nowMs: number): Promise<void> {
    await this.database.write(async (manager) => {
      const cursor = await this.#freshCursor(nowMs);
      await manager.delete(ReceiptEntity, { packId: receipt.packId, holderDeviceId: receipt.holderDeviceId });
      await manager.insert(ReceiptEntity, { ...receipt, cursor });
    });
  }

  /** Keeps receipts that were lost, each under the cursor that it had, where that is free and not of the future. */
  async addLostReceipts(receipts: readonly LostReceipt[], nowMs: number): Promise<void> {
    await this.database.write(async (manager) => {
      const taken = new Set<number>();
      for (const batch of inBatches(receipts)) {
        const rows = await manager.find(ReceiptEntity, { select: { cursor: true }, where: { cursor: In(batch.map((one) => one.cursor)) } });
        for (const { cursor } of rows) taken.add(cursor);
      }
      // Above those that are free too.
      let fresh = Math.max(await this.#freshCursor(nowMs), nowMs + 1);
      const rows = receipts.map((receipt) => {
        const { cursor } = receipt;
        const isFree = cursor <= nowMs && !taken.has(cursor);
        if (isFree) taken.add(cursor);
        return isFree ? receipt : { ...receipt, cursor: fresh++ };
      });
      for (const batch of inBatches(rows, 5)) await manager.insert(ReceiptEntity, batch);
    });
  }

  /** Of whom there is a receipt for these packs, as `pack/holder`. */
  async receiptsFor(packIds: readonly PackId[]): Promise<Set<string>> {
    const found = new Set<string>();
    for (const batch of inBatches(packIds)) {
      const rows = await this.database.read.find(ReceiptEntity, {
        select: { packId: true, holderDeviceId: true },
        where: { packId: In(batch) },
      });
      for (const { packId, holderDeviceId } of rows) found.add(`${packId}/${holderDeviceId}`);
    }
    return found;
  }

  receiptsAfter(ownerDeviceId: DeviceId, cursor: number, limit: number): Promise<ReceiptEntity[]> {
    return this.database.read.find(ReceiptEntity, {
      where: { ownerDeviceId, cursor: MoreThan(cursor) },
      order: { cursor: 'ASC' },
      take: limit,
    });
  }

  /** Above every one that is there, and not below the time. */
  async #freshCursor(nowMs: number): Promise<number> {
    const last = await this.database.read.findOne(ReceiptEntity, { where: {}, order: { cursor: 'DESC' }, select: { cursor: true } });
    return Math.max((last?.cursor ?? 0) + 1, nowMs);
  }
}
