import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Plain SQL: TypeORM would copy the whole table on SQLite to add a column. */
export class SnapshotWaited1767000172000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE "snapshots" ADD COLUMN "waited_ms" bigint');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE "snapshots" DROP COLUMN "waited_ms"');
  }
}
