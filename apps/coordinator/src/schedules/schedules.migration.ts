import type { MigrationInterface, QueryRunner } from 'typeorm';
import { Table } from 'typeorm';
import { column } from '../database/columns.ts';

export class Schedules1767000004000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.createTable(
      new Table({
        name: 'schedule_leases',
        columns: [
          column.text('name', 60, { isPrimary: true, primaryKeyConstraintName: 'pk_schedule_leases' }),
          column.id('holder', { isNullable: true }),
          column.time('leased_until_ms'),
          column.time('last_started_at_ms', { isNullable: true }),
          column.time('last_ended_at_ms', { isNullable: true }),
        ],
      }),
    );
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.dropTable('schedule_leases');
  }
}
