import { Injectable } from '@nestjs/common';
import { In, LessThan, LessThanOrEqual, MoreThan } from 'typeorm';
import type { DeviceId, PackId } from '#libs/kernel';
import { inBatches } from '../database/batches.ts';
import { Database } from '../database/database.ts';
import { ReplicaEntity } from '../replicas/replica.entity.ts';
import { AuditQueueEntity } from './audit-queue.entity.ts';

/** A replica by its key. */
export interface ReplicaKey {
  readonly packId: PackId;
  readonly deviceId: DeviceId;
}

@Injectable()
export class AuditQueueRepository {
  constructor(private readonly database: Database) {}

  /** What is due at one holder, longest overdue first. Reads one index. */
  due(deviceId: DeviceId, nowMs: number, limit: number): Promise<AuditQueueEntity[]> {
    return this.database.read.find(AuditQueueEntity, {
      where: { deviceId, dueAtMs: LessThanOrEqual(nowMs) },
      order: { dueAtMs: 'ASC' },
      take: limit,
    });
  }

  find({ packId, deviceId }: ReplicaKey): Promise<AuditQueueEntity | null> {
    return this.database.read.findOneBy(AuditQueueEntity, { packId, deviceId });
  }

  async save(rows: readonly AuditQueueEntity[]): Promise<void> {
    await this.database.write(async (manager) => {
      for (const batch of inBatches(rows, 7)) await manager.upsert(AuditQueueEntity, batch, ['packId', 'deviceId']);
    });
  }

  async update({ packId, deviceId }: ReplicaKey, change: Partial<Omit<AuditQueueEntity, 'packId' | 'deviceId'>>): Promise<void> {
    await this.database.write((manager) => manager.update(AuditQueueEntity, { packId, deviceId }, change));
  }

  async delete(deviceId: DeviceId, packIds: readonly PackId[]): Promise<void> {
    await this.database.write(async (manager) => {
      for (const batch of inBatches(packIds)) await manager.delete(AuditQueueEntity, { deviceId, packId: In(batch) });
    });
  }

  /** Everything of a holder that is not due yet becomes due. */
  async allDue(deviceId: DeviceId, nowMs: number): Promise<void> {
    await this.database.write((manager) =>
      manager
        .createQueryBuilder()
        .update(AuditQueueEntity)
        .set({ dueAtMs: nowMs })
        .where('device_id = :deviceId AND due_at_ms > :nowMs', { deviceId, nowMs })
        .execute(),
    );
  }

  /** Those of these packs that are not due yet at a holder become due. */
  async someDue(deviceId: DeviceId, packIds: readonly PackId[], nowMs: number): Promise<void> {
    await this.database.write(async (manager) => {
      for (const batch of inBatches(packIds))
        await manager.update(AuditQueueEntity, { deviceId, packId: In(batch), dueAtMs: MoreThan(nowMs) }, { dueAtMs: nowMs });
    });
  }

  /** Held replicas that nobody has queued, among those after `after` in the order of the key; and where that look ended (null: at the end). */
  async unqueued(after: ReplicaKey | null, limit: number): Promise<{ missing: ReplicaKey[]; end: ReplicaKey | null }> {
    const query = this.database.read
      .createQueryBuilder(ReplicaEntity, 'r')
      .leftJoin('audit_queue', 'q', 'q.pack_id = r.pack_id AND q.device_id = r.device_id')
      .select(['r.pack_id AS pack', 'r.device_id AS device', 'r.status AS status', 'q.pack_id AS queued'])
      .orderBy('r.pack_id')
      .addOrderBy('r.device_id')
      .limit(limit);
    if (after)
      query.where('(r.pack_id > :packId OR (r.pack_id = :packId AND r.device_id > :deviceId))', {
        packId: after.packId,
        deviceId: after.deviceId,
      });
    const rows = await query.getRawMany<{ pack: PackId; device: DeviceId; status: string; queued: string | null }>();
    const last = rows.at(-1);
    return {
      missing: rows
        .filter((row) => row.queued === null && row.status === 'held')
        .map((row) => ({ packId: row.pack, deviceId: row.device })),
      end: rows.length < limit || !last ? null : { packId: last.pack, deviceId: last.device },
    };
  }

  /** How many replicas should have been audited by `beforeMs` and were not. Of these holders only. */
  async overdue(deviceIds: readonly DeviceId[], beforeMs: number): Promise<number> {
    let overdue = 0;
    for (const batch of inBatches(deviceIds))
      overdue += await this.database.read.countBy(AuditQueueEntity, { deviceId: In(batch), dueAtMs: LessThan(beforeMs) });
    return overdue;
  }

  /** Quarantined replicas of a holder whose own newest audit did not fail: those that only its holder's quarantine holds down. */
  async quarantinedWithoutFailure(deviceId: DeviceId, limit: number): Promise<PackId[]> {
    const rows = await this.database.read
      .createQueryBuilder(ReplicaEntity, 'r')
      .leftJoin('audit_queue', 'q', 'q.pack_id = r.pack_id AND q.device_id = r.device_id')
      .select('r.pack_id', 'id')
      .where('r.device_id = :deviceId AND r.status = :quarantine', { deviceId, quarantine: 'quarantine' })
      .andWhere('(q.pack_id IS NULL OR q.failed = :no)', { no: false })
      .limit(limit)
      .getRawMany<{ id: PackId }>();
    return rows.map((row) => row.id);
  }
}
