import { Injectable } from '@nestjs/common';
import type { DeviceId } from '#libs/kernel';
import { Database } from '../database/database.ts';
import { MemoryEntity, RebuildReportEntity } from './memory.entity.ts';

export type MemoryRow = Readonly<MemoryEntity>;

@Injectable()
export class MemoriesRepository {
  constructor(private readonly database: Database) {}

  /** Null only before the first start has ended. */
  async present(): Promise<MemoryRow | null> {
    const [newest] = await this.database.read.find(MemoryEntity, { order: { ordinal: 'DESC' }, take: 1 });
    return newest ?? null;
  }

  async ids(): Promise<Set<string>> {
    const rows = await this.database.read.find(MemoryEntity, { select: { memoryId: true } });
    return new Set(rows.map((row) => row.memoryId));
  }

  async insert(memory: MemoryEntity): Promise<void> {
    await this.database.write((manager) => manager.insert(MemoryEntity, memory));
  }

  /** For a database that is to become another coordinator's: what it had was a memory of nothing. */
  async clear(): Promise<void> {
    await this.database.write(async (manager) => {
      await manager.deleteAll(RebuildReportEntity);
      await manager.deleteAll(MemoryEntity);
    });
  }

  async update(memoryId: string, change: Partial<Omit<MemoryEntity, 'memoryId'>>): Promise<void> {
    await this.database.write((manager) => manager.update(MemoryEntity, { memoryId }, change));
  }

  /** When each device has reported for a memory. */
  async reports(memoryId: string): Promise<Map<DeviceId, number>> {
    const rows = await this.database.read.findBy(RebuildReportEntity, { memoryId });
    return new Map(rows.map((row) => [row.deviceId, row.reportedAtMs]));
  }

  async addReport(report: RebuildReportEntity): Promise<void> {
    await this.database.write((manager) => manager.upsert(RebuildReportEntity, report, ['memoryId', 'deviceId']));
  }

  /**
   * Whether the database contradicts itself as it does when tables were emptied or lost rows: vaults that count packs which are not there,
   * snapshots that every vault has had and none is there, holders that report packs while nobody is on record as holding one. In plain words; null: it
   * does not.
   */
  async contradiction(): Promise<string | null> {
    const [sums] = await this.database.read.query<Record<string, string | number | null>[]>(
      `SELECT (SELECT COUNT(*) FROM packs) AS packs, (SELECT SUM(packs) FROM vaults) AS counted,
        (SELECT COUNT(*) FROM vaults WHERE head_sequence IS NOT NULL) AS heads, (SELECT COUNT(*) FROM snapshots) AS snapshots,
        (SELECT COUNT(*) FROM forgotten_snapshots) AS forgotten,
        (SELECT SUM(held_packs) FROM devices WHERE membership <> 'revoked') AS held, (SELECT COUNT(*) FROM replicas) AS replicas`,
    );
    const of = (name: string): number => Number(sums?.[name] ?? 0);
    const lost = of('counted') - of('packs');
    if (lost > 0) return `The database has lost ${lost} of the ${of('counted')} packs that its vaults count.`;
    if (of('heads') > 0 && of('snapshots') + of('forgotten') === 0 && of('packs') > 0) return 'The database has lost all snapshots.';
    if (of('held') > 0 && of('replicas') === 0 && of('packs') > 0) return 'The database has lost who holds which pack.';
    return null;
  }
}
