import { expect, it } from '@jest/globals';
import type { QueryRunner } from 'typeorm';
import { Database } from '../database/database.ts';
import { someStats } from '../testing/fake-agent.ts';
import { startStorageTeam } from '../testing/storage-team.ts';
import { SnapshotEntity } from './snapshot.entity.ts';
import { SnapshotUnread1767000180000 } from './snapshot-unread.migration.ts';

it('an older database is told which of its snapshots are incomplete by what they said themselves', async () => {
  const storage = await startStorageTeam(1);
  const [agent] = storage.agents;
  const database = storage.coordinator.get(Database);
  const unread = async (): Promise<(number | null)[]> =>
    (await database.read.find(SnapshotEntity, { order: { sequence: 'ASC' } })).map((snapshot) => snapshot.unread);
  const migrate = (work: (migration: SnapshotUnread1767000180000, runner: QueryRunner) => Promise<void>): Promise<void> =>
    database.write((manager) => work(new SnapshotUnread1767000180000(), manager.queryRunner!));
  for (const said of [{}, { partial: true }, { stats: { ...someStats, errors: 2 } }, { partial: true, stats: { ...someStats, errors: 5 } }])
    await agent!.commit([], said);
  expect(await unread()).toEqual([null, 1, 2, 5]);
  await migrate((migration, runner) => migration.down(runner));
  await migrate((migration, runner) => migration.up(runner));
  expect(await unread()).toEqual([null, 1, 2, 5]);
  expect(await database.schemaDrift()).toEqual([]);
  await storage.close();
});
