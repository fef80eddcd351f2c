import type { MigrationInterface, QueryRunner } from 'typeorm';
import { Table } from 'typeorm';
import { column } from '../database/columns.ts';

export class RepairBreaker1767000109000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.createTable(
      new Table({
        name: 'repair_breaker',
        columns: [
          column.int('id', { isPrimary: true, primaryKeyConstraintName: 'pk_repair_breaker' }),
          column.time('open_since_ms', { isNullable: true }),
        ],
      }),
    );
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.dropTable('repair_breaker');
  }
}
