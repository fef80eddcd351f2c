import type { MigrationInterface, QueryRunner } from 'typeorm';
import { Table } from 'typeorm';
import { column } from '../database/columns.ts';

export class Snapshots1767000105000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.createTable(
      new Table({
        name: 'snapshots',
        columns: [
          column.id('snapshot_id', { isPrimary: true, primaryKeyConstraintName: 'pk_snapshots' }),
          column.text('vault_id', 32),
          column.id('device_id'),
          column.int('sequence'),
          column.time('received_at_ms'),
          column.time('started_at_ms'),
          column.time('ended_at_ms'),
          column.boolean('partial'),
          column.json('stats'),
          column.longText('needed_packs'),
          column.text('head_hash', 43),
          column.int('packs'),
          column.int('below_minimum'),
          column.int('below_target'),
          column.text('protection', 10),
          column.time('protected_at_ms', { isNullable: true }),
        ],
        indices: [
          { name: 'ix_snapshots_vault_id_sequence', columnNames: ['vault_id', 'sequence'], isUnique: true },
          { name: 'ix_snapshots_device_id_received_at_ms', columnNames: ['device_id', 'received_at_ms'] },
        ],
      }),
    );
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.dropTable('snapshots');
  }
}
