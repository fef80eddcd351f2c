import type { MigrationInterface, QueryRunner } from 'typeorm';
import { Table } from 'typeorm';
import { column } from '../database/columns.ts';

export class DeviceMarks1767000140000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.createTable(
      new Table({
        name: 'device_marks',
        columns: [
          column.id('device_id', { isPrimary: true, primaryKeyConstraintName: 'pk_device_marks' }),
          column.time('lost_at_ms', { isNullable: true }),
          column.time('away_until_ms', { isNullable: true }),
          column.time('reconciling_since_ms', { isNullable: true }),
          column.time('inventory_ended_at_ms', { isNullable: true }),
          column.longText('presence'),
          column.time('presence_hour_ms', { isNullable: true }),
        ],
      }),
    );
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.dropTable('device_marks');
  }
}
