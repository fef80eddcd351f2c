import type { MigrationInterface, QueryRunner } from 'typeorm';
import { Table } from 'typeorm';
import { column } from '../database/columns.ts';

export class KeptHeads1767000121000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.createTable(
      new Table({
        name: 'kept_heads',
        columns: [
          column.id('kept_head_id', { isPrimary: true, primaryKeyConstraintName: 'pk_kept_heads' }),
          column.text('vault_id', 32),
          column.big('head_sequence'),
          column.time('kept_at_ms'),
          column.json('snapshots'),
          column.longText('head'),
        ],
        indices: [{ name: 'ix_kept_heads_vault_id_kept_at_ms', columnNames: ['vault_id', 'kept_at_ms'] }],
      }),
    );
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.dropTable('kept_heads');
  }
}
