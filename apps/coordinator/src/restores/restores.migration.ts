import type { MigrationInterface, QueryRunner } from 'typeorm';
import { Table } from 'typeorm';
import { column } from '../database/columns.ts';

export class Restores1767000108000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.createTable(
      new Table({
        name: 'restores',
        columns: [
          column.id('restore_id', { isPrimary: true, primaryKeyConstraintName: 'pk_restores' }),
          column.text('vault_id', 32),
          column.id('owner_device_id'),
          column.id('target_device_id'),
          column.int('snapshot_sequence'),
          column.json('paths'),
          column.longText('destination', { isNullable: true }),
          column.text('conflict', 20),
          column.text('state', 20),
          column.text('requested_by', 250),
          column.time('created_at_ms'),
          column.time('ended_at_ms', { isNullable: true }),
          column.json('progress', { isNullable: true }),
          column.json('summary', { isNullable: true }),
          column.text('error_code', 60, { isNullable: true }),
          column.longText('error_message', { isNullable: true }),
        ],
        indices: [{ name: 'ix_restores_created_at_ms', columnNames: ['created_at_ms'] }],
      }),
    );
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.dropTable('restores');
  }
}
