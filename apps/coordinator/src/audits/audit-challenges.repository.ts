import { Injectable } from '@nestjs/common';
import { In } from 'typeorm';
import type { PackKind } from '#libs/contracts';
import type { PackId, VaultId } from '#libs/kernel';
import { inBatches } from '../database/batches.ts';
import { Database } from '../database/database.ts';
import { PackEntity } from '../packs/pack.entity.ts';
import { AuditChallengeEntity } from './audit-challenge.entity.ts';

export interface ShortOfChallenges {
  readonly packId: PackId;
  readonly ordinal: number;
  readonly kind: PackKind;
  readonly sizeBytes: number;
  readonly hasSome: boolean;
}

@Injectable()
export class AuditChallengesRepository {
  constructor(private readonly database: Database) {}

  async find(packIds: readonly PackId[]): Promise<AuditChallengeEntity[]> {
    const found: AuditChallengeEntity[] = [];
    for (const batch of inBatches(packIds)) found.push(...(await this.database.read.findBy(AuditChallengeEntity, { packId: In(batch) })));
    return found;
  }

  async save(rows: readonly AuditChallengeEntity[]): Promise<void> {
    await this.database.write(async (manager) => {
      for (const batch of inBatches(rows, 5)) await manager.upsert(AuditChallengeEntity, batch, ['packId']);
    });
  }

  async setUsed(packId: PackId, used: number): Promise<void> {
    await this.database.write((manager) => manager.update(AuditChallengeEntity, { packId }, { used }));
  }

  async delete(packIds: readonly PackId[]): Promise<void> {
    await this.database.write(async (manager) => {
      for (const batch of inBatches(packIds)) await manager.delete(AuditChallengeEntity, { packId: In(batch) });
    });
  }

  /** Packs of a vault with at most `low` challenges left, by ordinal. Cost: the packs of that vault, read from indexes. */
  async shortOf(vaultId: VaultId, afterOrdinal: number, low: number, limit: number): Promise<ShortOfChallenges[]> {
    const rows = await this.database.read
      .createQueryBuilder(PackEntity, 'p')
      .leftJoin('audit_challenges', 'c', 'c.pack_id = p.pack_id')
      .select(['p.pack_id AS id', 'p.ordinal AS ordinal', 'p.kind AS kind', 'p.size_bytes AS size', 'c.made AS made'])
      .where('p.vault_id = :vaultId AND p.ordinal > :afterOrdinal', { vaultId, afterOrdinal })
      .andWhere('(c.pack_id IS NULL OR c.made - c.used <= :low)', { low })
      .orderBy('p.ordinal')
      .limit(limit)
      .getRawMany<{ id: PackId; ordinal: string | number; kind: PackKind; size: string | number; made: number | null }>();
    return rows.map((row) => ({
      packId: row.id,
      ordinal: Number(row.ordinal),
      kind: row.kind,
      sizeBytes: Number(row.size),
      hasSome: row.made !== null,
    }));
  }
}
