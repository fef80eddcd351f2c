import type { MigrationInterface, QueryRunner } from 'typeorm';
import { Table } from 'typeorm';
import { column } from '../database/columns.ts';

/** Plain SQL for what large tables get: TypeORM would copy them on SQLite to add a column. */
export class Sheds1767000170000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE "devices" ADD COLUMN "to_give_back_bytes" bigint');
    await runner.query('ALTER TABLE "replicas" ADD COLUMN "shed_since_ms" bigint');
    // Few copies are ever being moved: an index of those alone costs the others nothing.
    await runner.query('CREATE INDEX "ix_replicas_shed" ON "replicas" ("device_id") WHERE "shed_since_ms" IS NOT NULL');
    await runner.createTable(
      new Table({
        name: 'sheds',
        columns: [
          column.id('device_id', { isPrimary: true, primaryKeyConstraintName: 'pk_sheds' }),
          column.time('short_since_ms', { isNullable: true }),
          column.time('begun_at_ms', { isNullable: true }),
          column.time('calm_since_ms', { isNullable: true }),
          column.time('day_ms'),
          column.big('day_bytes'),
          column.text('obstacle', 20),
        ],
      }),
    );
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.dropTable('sheds');
    await runner.query('DROP INDEX "ix_replicas_shed"');
    await runner.query('ALTER TABLE "replicas" DROP COLUMN "shed_since_ms"');
    await runner.query('ALTER TABLE "devices" DROP COLUMN "to_give_back_bytes"');
  }
}
