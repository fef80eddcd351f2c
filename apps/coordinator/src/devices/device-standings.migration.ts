import type { MigrationInterface, QueryRunner } from 'typeorm';
import { Table } from 'typeorm';
import { column } from '../database/columns.ts';

export class DeviceStandings1767000103000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.createTable(
      new Table({
        name: 'device_standings',
        columns: [
          column.id('device_id', { isPrimary: true, primaryKeyConstraintName: 'pk_device_standings' }),
          column.text('state', 20),
          column.time('state_since_ms'),
          column.time('inventory_started_at_ms', { isNullable: true }),
          column.text('recount_after', 120, { isNullable: true }),
        ],
      }),
    );
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.dropTable('device_standings');
  }
}
