import { Injectable } from '@nestjs/common';
import { Like, MoreThan } from 'typeorm';
import type { PageQuery } from '#libs/contracts';
import { Database } from '../database/database.ts';
import { AuditEntryEntity } from './audit-entry.entity.ts';

@Injectable()
export class AuditLogRepository {
  constructor(private readonly database: Database) {}

  /** The newest entry, as the current transaction sees it. */
  last(): Promise<AuditEntryEntity | null> {
    return this.database.read.findOne(AuditEntryEntity, { where: {}, order: { sequence: 'DESC' } });
  }

  async append(next: (last: AuditEntryEntity | null) => AuditEntryEntity): Promise<void> {
    await this.database.write(async (manager) => manager.insert(AuditEntryEntity, next(await this.last())));
  }

  async page({ page, pageSize, order, search }: PageQuery): Promise<{ entries: AuditEntryEntity[]; total: number }> {
    const text = search ? Like(`%${search}%`) : undefined;
    const [entries, total] = await this.database.read.findAndCount(AuditEntryEntity, {
      where: text ? [{ actor: text }, { action: text }, { subject: text }] : {},
      order: { sequence: order === 'asc' ? 'ASC' : 'DESC' },
      skip: (page - 1) * pageSize,
      take: pageSize,
    });
    return { entries, total };
  }

  /** At most `limit` entries after `sequence`, in order. */
  after(sequence: number, limit: number): Promise<AuditEntryEntity[]> {
    return this.database.read.find(AuditEntryEntity, { where: { sequence: MoreThan(sequence) }, order: { sequence: 'ASC' }, take: limit });
  }
}
