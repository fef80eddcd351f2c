import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Plain SQL: TypeORM would copy the whole table on SQLite to add a column. */
export class ReplicaDamaged1767000190000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE "replicas" ADD COLUMN "damaged_at_ms" bigint');
    await runner.query(`UPDATE "replicas" SET "damaged_at_ms" = "confirmed_at_ms" WHERE "status" = 'damaged'`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE "replicas" DROP COLUMN "damaged_at_ms"');
  }
}
