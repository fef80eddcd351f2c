import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Plain SQL: TypeORM would copy the whole table on SQLite to add a column. */
export class AuditSlow1767000200000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE "audit_queue" ADD COLUMN "slow_reads" integer NOT NULL DEFAULT 0');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE "audit_queue" DROP COLUMN "slow_reads"');
  }
}
