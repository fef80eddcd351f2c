import type { MigrationInterface, QueryRunner } from 'typeorm';
import { Table } from 'typeorm';
import { column } from '../database/columns.ts';

export class SnapshotPins1767000122000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.createTable(
      new Table({
        name: 'snapshot_pins',
        columns: [
          column.id('snapshot_id', { isPrimary: true, primaryKeyConstraintName: 'pk_snapshot_pins' }),
          column.text('vault_id', 32),
          column.text('pinned_by', 250),
          column.time('pinned_at_ms'),
        ],
        indices: [{ name: 'ix_snapshot_pins_vault_id', columnNames: ['vault_id'] }],
      }),
    );
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.dropTable('snapshot_pins');
  }
}
