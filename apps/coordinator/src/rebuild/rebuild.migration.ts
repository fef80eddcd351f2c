import type { MigrationInterface, QueryRunner } from 'typeorm';
import { Table } from 'typeorm';
import { column } from '../database/columns.ts';

export class Rebuild1767000150000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.createTable(
      new Table({
        name: 'memories',
        columns: [
          column.id('memory_id', { isPrimary: true, primaryKeyConstraintName: 'pk_memories' }),
          column.big('ordinal'),
          column.big('mark'),
          column.time('since_ms'),
          column.boolean('after_loss'),
          column.longText('cause'),
          column.time('ended_at_ms', { isNullable: true }),
          column.text('ended_by', 250, { isNullable: true }),
        ],
        indices: [{ name: 'ix_memories_ordinal', columnNames: ['ordinal'], isUnique: true }],
      }),
    );
    await runner.createTable(
      new Table({
        name: 'rebuild_reports',
        columns: [
          column.id('memory_id', { isPrimary: true, primaryKeyConstraintName: 'pk_rebuild_reports' }),
          column.id('device_id', { isPrimary: true, primaryKeyConstraintName: 'pk_rebuild_reports' }),
          column.time('reported_at_ms'),
        ],
      }),
    );
    await runner.createTable(
      new Table({
        name: 'shown_packs',
        columns: [
          column.text('pack_id', 120, { isPrimary: true, primaryKeyConstraintName: 'pk_shown_packs' }),
          column.id('device_id', { isPrimary: true, primaryKeyConstraintName: 'pk_shown_packs' }),
          column.text('vault_id', 32),
          column.big('size_bytes'),
          column.time('shown_at_ms'),
        ],
        indices: [{ name: 'ix_shown_packs_device_id_shown_at_ms', columnNames: ['device_id', 'shown_at_ms'] }],
      }),
    );
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.dropTable('shown_packs');
    await runner.dropTable('rebuild_reports');
    await runner.dropTable('memories');
  }
}
