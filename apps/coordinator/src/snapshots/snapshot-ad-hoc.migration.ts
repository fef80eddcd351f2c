import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Plain SQL: TypeORM would copy the whole table on SQLite to add a column. */
export class SnapshotAdHoc1767000160000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE "snapshots" ADD COLUMN "ad_hoc" boolean');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE "snapshots" DROP COLUMN "ad_hoc"');
  }
}
