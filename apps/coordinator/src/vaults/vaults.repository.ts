import { Injectable } from '@nestjs/common';
import { IsNull, Not } from 'typeorm';
import type { DeviceId, VaultId } from '#libs/kernel';
import { Database } from '../database/database.ts';
import { VaultEntity } from './vault.entity.ts';

/** A vault without its documents. */
export type VaultRow = Omit<VaultEntity, 'header' | 'head'>;
const withoutDocuments = {
  vaultId: true,
  deviceId: true,
  createdAtMs: true,
  headerAtMs: true,
  headSequence: true,
  packs: true,
  bytes: true,
} as const;

@Injectable()
export class VaultsRepository {
  constructor(private readonly database: Database) {}

  all(): Promise<VaultRow[]> {
    return this.database.read.find(VaultEntity, { select: withoutDocuments, order: { createdAtMs: 'ASC' } });
  }

  find(vaultId: VaultId): Promise<VaultRow | null> {
    return this.database.read.findOne(VaultEntity, { select: withoutDocuments, where: { vaultId } });
  }

  ofDevice(deviceId: DeviceId): Promise<VaultRow | null> {
    return this.database.read.findOne(VaultEntity, { select: withoutDocuments, where: { deviceId } });
  }

  /** Vaults that can be opened by whoever has a key, without their heads. */
  withHeaders(): Promise<Pick<VaultEntity, 'vaultId' | 'deviceId' | 'header' | 'headSequence'>[]> {
    return this.database.read.find(VaultEntity, {
      select: { vaultId: true, deviceId: true, header: true, headSequence: true },
      where: { headerAtMs: Not(IsNull()) },
      order: { createdAtMs: 'ASC' },
    });
  }

  /** With its documents. */
  document(vaultId: VaultId): Promise<VaultEntity | null> {
    return this.database.read.findOneBy(VaultEntity, { vaultId });
  }

  /** Counts the packs of every vault again from the packs that are there. */
  async recountPacks(): Promise<void> {
    await this.database.write((manager) =>
      manager.query(
        `UPDATE vaults SET packs = (SELECT COUNT(*) FROM packs p WHERE p.vault_id = vaults.vault_id),
          bytes = (SELECT COALESCE(SUM(p.size_bytes), 0) FROM packs p WHERE p.vault_id = vaults.vault_id)`,
      ),
    );
  }

  async insert(vaultId: VaultId, deviceId: DeviceId, createdAtMs: number): Promise<void> {
    const empty = { header: null, headerAtMs: null, head: null, headSequence: null, packs: 0, bytes: 0 };
    await this.database.write((manager) => manager.insert(VaultEntity, { vaultId, deviceId, createdAtMs, ...empty }));
  }

  async update(vaultId: VaultId, change: Partial<Omit<VaultEntity, 'vaultId'>>): Promise<void> {
    await this.database.write((manager) => manager.update(VaultEntity, { vaultId }, change));
  }
}
