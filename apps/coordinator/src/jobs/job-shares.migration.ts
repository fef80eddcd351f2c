import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Plain SQL: TypeORM would copy the whole table on SQLite to add a column. */
export class JobShares1767000141000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE "jobs" ADD COLUMN "in_share" integer');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE "jobs" DROP COLUMN "in_share"');
  }
}
