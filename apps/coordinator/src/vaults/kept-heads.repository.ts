import { Injectable } from '@nestjs/common';
import { In, LessThan, Not } from 'typeorm';
import type { VaultId } from '#libs/kernel';
import { Database } from '../database/database.ts';
import { KeptHeadEntity } from './kept-head.entity.ts';

@Injectable()
export class KeptHeadsRepository {
  constructor(private readonly database: Database) {}

  async insert(head: KeptHeadEntity): Promise<void> {
    await this.database.write((manager) => manager.insert(KeptHeadEntity, head));
  }

  /** Newest first, with their bytes. */
  ofVault(vaultId: VaultId): Promise<KeptHeadEntity[]> {
    return this.database.read.find(KeptHeadEntity, { where: { vaultId }, order: { keptAtMs: 'DESC', headSequence: 'DESC' } });
  }

  find(vaultId: VaultId, headSequence: number): Promise<KeptHeadEntity | null> {
    return this.database.read.findOne(KeptHeadEntity, { where: { vaultId, headSequence }, order: { keptAtMs: 'DESC' } });
  }

  /** When the newest one was kept; null: none is. */
  async newestAtMs(vaultId: VaultId): Promise<number | null> {
    const [newest] = await this.database.read.find(KeptHeadEntity, {
      select: { keptAtMs: true },
      where: { vaultId },
      order: { keptAtMs: 'DESC' },
      take: 1,
    });
    return newest?.keptAtMs ?? null;
  }

  async purge(beforeMs: number, exceptVaults: readonly VaultId[]): Promise<void> {
    await this.database.write((manager) =>
      manager.delete(KeptHeadEntity, {
        keptAtMs: LessThan(beforeMs),
        ...(exceptVaults.length > 0 ? { vaultId: Not(In([...exceptVaults])) } : {}),
      }),
    );
  }
}
