import { Injectable } from '@nestjs/common';
import { LessThan } from 'typeorm';
import type { DeviceId } from '#libs/kernel';
import { Database } from '../database/database.ts';
import { BundleEntity, BundleKeeperEntity } from './bundle.entity.ts';

export type BundleRow = Readonly<BundleEntity>;
export type KeeperRow = Readonly<BundleKeeperEntity>;

/** Rows of bundles that devices may still name; what a keeper has of older ones stands in its own row. */
const KEPT = 50;

@Injectable()
export class BundlesRepository {
  constructor(private readonly database: Database) {}

  async newest(): Promise<BundleRow | null> {
    const [row] = await this.database.read.find(BundleEntity, { order: { ordinal: 'DESC' }, take: 1 });
    return row ?? null;
  }

  find(digest: string): Promise<BundleRow | null> {
    return this.database.read.findOneBy(BundleEntity, { digest });
  }

  /** It becomes the newest; only the newest keeps its bytes. */
  async add(bundle: Omit<BundleRow, 'ordinal'>): Promise<void> {
    await this.database.write(async (manager) => {
      const ordinal = ((await this.newest())?.ordinal ?? 0) + 1;
      await manager.update(BundleEntity, { ordinal: LessThan(ordinal) }, { statement: '' });
      await manager.delete(BundleEntity, { ordinal: LessThan(ordinal - KEPT) });
      await manager.insert(BundleEntity, { ...bundle, ordinal });
    });
  }

  keepers(): Promise<KeeperRow[]> {
    return this.database.read.find(BundleKeeperEntity);
  }

  async saveKeeper(keeper: KeeperRow): Promise<void> {
    await this.database.write((manager) => manager.upsert(BundleKeeperEntity, keeper, ['deviceId']));
  }

  async removeKeeper(deviceId: DeviceId): Promise<void> {
    await this.database.write((manager) => manager.delete(BundleKeeperEntity, { deviceId }));
  }
}
