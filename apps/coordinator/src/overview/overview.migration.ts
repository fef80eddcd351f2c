import type { MigrationInterface, QueryRunner } from 'typeorm';
import { Table } from 'typeorm';
import { column } from '../database/columns.ts';

export class Overview1767000110000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.createTable(
      new Table({
        name: 'protection_days',
        columns: [
          column.big('day_ms', { isPrimary: true, primaryKeyConstraintName: 'pk_protection_days' }),
          column.int('protected'),
          column.int('at_risk'),
        ],
      }),
    );
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.dropTable('protection_days');
  }
}
