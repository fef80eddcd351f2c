import type { MigrationInterface, QueryRunner } from 'typeorm';
import { Table } from 'typeorm';
import { column } from '../database/columns.ts';

export class Replicas1767000104000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.createTable(
      new Table({
        name: 'replicas',
        columns: [
          column.text('pack_id', 120, { isPrimary: true, primaryKeyConstraintName: 'pk_replicas' }),
          column.id('device_id', { isPrimary: true, primaryKeyConstraintName: 'pk_replicas' }),
          column.text('status', 10),
          column.big('size_bytes'),
          column.int('generation'),
          column.id('job_id', { isNullable: true }),
          column.time('held_at_ms', { isNullable: true }),
          column.time('confirmed_at_ms', { isNullable: true }),
        ],
        indices: [
          { name: 'ix_replicas_device_id_pack_id', columnNames: ['device_id', 'pack_id'] },
          { name: 'ix_replicas_status_device_id', columnNames: ['status', 'device_id'] },
        ],
      }),
    );
    await runner.createTable(
      new Table({
        name: 'receipts',
        columns: [
          column.big('cursor', { isPrimary: true, primaryKeyConstraintName: 'pk_receipts' }),
          column.text('pack_id', 120),
          column.id('holder_device_id'),
          column.id('owner_device_id'),
          column.longText('statement'),
        ],
        indices: [
          { name: 'ix_receipts_owner_device_id_cursor', columnNames: ['owner_device_id', 'cursor'] },
          { name: 'ix_receipts_pack_id_holder_device_id', columnNames: ['pack_id', 'holder_device_id'], isUnique: true },
        ],
      }),
    );
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.dropTable('receipts');
    await runner.dropTable('replicas');
  }
}
