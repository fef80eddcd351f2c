import type { MigrationInterface, QueryRunner } from 'typeorm';

export class RepairBreakerGrace1767000142000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE "repair_breaker" ADD COLUMN "calm_since_ms" bigint');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE "repair_breaker" DROP COLUMN "calm_since_ms"');
  }
}
