import { Injectable } from '@nestjs/common';
import { In, LessThan, LessThanOrEqual, MoreThanOrEqual } from 'typeorm';
import type { DeviceId, PackId } from '#libs/kernel';
import { inBatches } from '../database/batches.ts';
import { Database } from '../database/database.ts';
import { AuditAskEntity, AuditJudgementEntity, type JudgementKind } from './audit-queue.entity.ts';
import type { ReplicaKey } from './audit-queue.repository.ts';

export type AuditAsk = Readonly<AuditAskEntity>;
export type AuditJudgement = Readonly<AuditJudgementEntity>;

/** Questions that are open, and disputes that the coordinator is to judge. */
@Injectable()
export class AuditAsksRepository {
  constructor(private readonly database: Database) {}

  /** Questions to a holder that it can still answer in time. */
  open(deviceId: DeviceId, nowMs: number): Promise<AuditAskEntity[]> {
    return this.database.read.find(AuditAskEntity, {
      where: { deviceId, deadlineMs: MoreThanOrEqual(nowMs) },
      order: { askedAtMs: 'ASC' },
    });
  }

  hasOpen(deviceId: DeviceId): Promise<boolean> {
    return this.database.read.existsBy(AuditAskEntity, { deviceId });
  }

  async find(deviceId: DeviceId, auditIds: readonly string[]): Promise<AuditAskEntity[]> {
    const found: AuditAskEntity[] = [];
    for (const batch of inBatches(auditIds))
      found.push(...(await this.database.read.findBy(AuditAskEntity, { deviceId, auditId: In(batch) })));
    return found;
  }

  ofCross(crossId: string): Promise<AuditAskEntity[]> {
    return this.database.read.findBy(AuditAskEntity, { crossId });
  }

  /** Which of these packs are being asked about anywhere. */
  async packsAsked(packIds: readonly PackId[]): Promise<Set<PackId>> {
    const found = new Set<PackId>();
    for (const batch of inBatches(packIds)) {
      const rows = await this.database.read.find(AuditAskEntity, { select: { packId: true }, where: { packId: In(batch) } });
      for (const row of rows) found.add(row.packId);
    }
    return found;
  }

  expired(nowMs: number, limit: number): Promise<AuditAskEntity[]> {
    return this.database.read.find(AuditAskEntity, { where: { deadlineMs: LessThan(nowMs) }, order: { deadlineMs: 'ASC' }, take: limit });
  }

  async insert(asks: readonly AuditAskEntity[]): Promise<void> {
    await this.database.write(async (manager) => {
      for (const batch of inBatches(asks, 9)) await manager.insert(AuditAskEntity, batch);
    });
  }

  async setAnswer(auditId: string, answer: string): Promise<void> {
    await this.database.write((manager) => manager.update(AuditAskEntity, { auditId }, { answer }));
  }

  async delete(auditIds: readonly string[]): Promise<void> {
    await this.database.write(async (manager) => {
      for (const batch of inBatches(auditIds)) await manager.delete(AuditAskEntity, { auditId: In(batch) });
    });
  }

  /** Nothing more is asked about a replica. */
  async deleteOf({ packId, deviceId }: ReplicaKey): Promise<void> {
    await this.database.write((manager) => manager.delete(AuditAskEntity, { packId, deviceId }));
    await this.deleteJudgement({ packId, deviceId });
  }

  judgementsDue(nowMs: number, limit: number): Promise<AuditJudgementEntity[]> {
    return this.database.read.find(AuditJudgementEntity, {
      where: { notBeforeMs: LessThanOrEqual(nowMs) },
      order: { notBeforeMs: 'ASC' },
      take: limit,
    });
  }

  /** Readings so far of one that waits to be judged for the same reason. */
  async triesOf({ packId, deviceId }: ReplicaKey, kind: JudgementKind): Promise<number> {
    return (await this.database.read.findOneBy(AuditJudgementEntity, { packId, deviceId, kind }))?.tries ?? 0;
  }

  async addJudgements(rows: readonly AuditJudgementEntity[]): Promise<void> {
    await this.database.write(async (manager) => {
      for (const batch of inBatches(rows, 7)) await manager.upsert(AuditJudgementEntity, batch, ['packId', 'deviceId']);
    });
  }

  /** Holders that answered the same question about a pack otherwise than others, and are still to be judged. */
  disputes(packId: PackId, nonce: string): Promise<AuditJudgementEntity[]> {
    return this.database.read.findBy(AuditJudgementEntity, { packId, nonce, kind: 'dispute' });
  }

  async deleteJudgement({ packId, deviceId }: ReplicaKey): Promise<void> {
    await this.database.write((manager) => manager.delete(AuditJudgementEntity, { packId, deviceId }));
  }
}
