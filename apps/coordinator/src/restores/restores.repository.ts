import { Injectable } from '@nestjs/common';
import type { PageQuery } from '#libs/contracts';
import { Database } from '../database/database.ts';
import { RestoreEntity } from './restore.entity.ts';

const sortable: Readonly<Record<string, keyof RestoreEntity>> = {
  createdAtMs: 'createdAtMs',
  endedAtMs: 'endedAtMs',
  state: 'state',
  requestedBy: 'requestedBy',
};

@Injectable()
export class RestoresRepository {
  constructor(private readonly database: Database) {}

  find(restoreId: string): Promise<RestoreEntity | null> {
    return this.database.read.findOneBy(RestoreEntity, { restoreId });
  }

  async insert(restore: RestoreEntity): Promise<void> {
    await this.database.write((manager) => manager.insert(RestoreEntity, restore));
  }

  async update(restoreId: string, change: Partial<Omit<RestoreEntity, 'restoreId'>>): Promise<void> {
    await this.database.write((manager) => manager.update(RestoreEntity, { restoreId }, change));
  }

  async page(query: PageQuery): Promise<{ rows: RestoreEntity[]; total: number }> {
    const by = sortable[query.sort ?? 'createdAtMs'] ?? 'createdAtMs';
    const [rows, total] = await this.database.read.findAndCount(RestoreEntity, {
      order: { [by]: query.order === 'asc' ? 'ASC' : 'DESC' },
      skip: (query.page - 1) * query.pageSize,
      take: query.pageSize,
    });
    return { rows, total };
  }
}
