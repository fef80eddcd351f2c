import { Injectable } from '@nestjs/common';
import type { VaultId } from '#libs/kernel';
import { Database } from '../database/database.ts';
import { SnapshotPinEntity } from './snapshot-pin.entity.ts';

@Injectable()
export class SnapshotPinsRepository {
  constructor(private readonly database: Database) {}

  /** Ids of a vault's pinned snapshots. */
  async ofVault(vaultId: VaultId): Promise<Set<string>> {
    return new Set((await this.database.read.findBy(SnapshotPinEntity, { vaultId })).map((pin) => pin.snapshotId));
  }

  async add(pin: SnapshotPinEntity): Promise<void> {
    await this.database.write((manager) => manager.upsert(SnapshotPinEntity, pin, ['snapshotId']));
  }

  async remove(snapshotId: string): Promise<void> {
    await this.database.write((manager) => manager.delete(SnapshotPinEntity, { snapshotId }));
  }
}
