import { Injectable } from '@nestjs/common';
import { MoreThan } from 'typeorm';
import type { PageQuery } from '#libs/contracts';
import { Database } from '../database/database.ts';
import { JoinLinkEntity } from './join-link.entity.ts';

@Injectable()
export class JoinLinksRepository {
  constructor(private readonly database: Database) {}

  find(joinLinkId: string): Promise<JoinLinkEntity | null> {
    return this.database.read.findOneBy(JoinLinkEntity, { joinLinkId });
  }

  findBySecret(secretHash: string): Promise<JoinLinkEntity | null> {
    return this.database.read.findOneBy(JoinLinkEntity, { secretHash });
  }

  /** In the order of making. */
  async page({
    page,
    pageSize,
    order,
  }: Pick<PageQuery, 'page' | 'pageSize' | 'order'>): Promise<{ links: JoinLinkEntity[]; total: number }> {
    const direction = order === 'asc' ? 'ASC' : 'DESC';
    const [links, total] = await this.database.read.findAndCount(JoinLinkEntity, {
      order: { createdAtMs: direction, joinLinkId: direction },
      skip: (page - 1) * pageSize,
      take: pageSize,
    });
    return { links, total };
  }

  async insert(link: JoinLinkEntity): Promise<void> {
    await this.database.write((manager) => manager.insert(JoinLinkEntity, link));
  }

  async use(joinLinkId: string): Promise<void> {
    await this.database.write((manager) => manager.decrement(JoinLinkEntity, { joinLinkId, usesLeft: MoreThan(0) }, 'usesLeft', 1));
  }

  async revoke(joinLinkId: string, revokedAtMs: number): Promise<void> {
    await this.database.write((manager) => manager.update(JoinLinkEntity, { joinLinkId }, { revokedAtMs }));
  }
}
