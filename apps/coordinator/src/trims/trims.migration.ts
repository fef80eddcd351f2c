import type { MigrationInterface, QueryRunner } from 'typeorm';
import { Table } from 'typeorm';
import { column } from '../database/columns.ts';

export class Trims1767000151000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.createTable(
      new Table({
        name: 'trims',
        columns: [
          column.id('release_id', { isPrimary: true, primaryKeyConstraintName: 'pk_trims' }),
          column.text('vault_id', 32),
          column.id('device_id'),
          column.id('holder_device_id'),
          column.int('trim_sequence'),
          column.text('state', 10),
          column.int('packs'),
          column.big('bytes'),
          column.longText('statement'),
          column.text('release_hash', 43),
          column.longText('countersign'),
          column.longText('cancel', { isNullable: true }),
          column.time('received_at_ms'),
          column.time('hold_until_ms'),
        ],
        indices: [
          { name: 'ix_trims_vault_id_trim_sequence', columnNames: ['vault_id', 'trim_sequence'], isUnique: true },
          { name: 'ix_trims_state_holder_device_id', columnNames: ['state', 'holder_device_id'] },
        ],
      }),
    );
    await runner.createTable(
      new Table({
        name: 'trimmed_packs',
        columns: [
          column.text('pack_id', 120, { isPrimary: true, primaryKeyConstraintName: 'pk_trimmed_packs' }),
          column.id('holder_device_id', { isPrimary: true, primaryKeyConstraintName: 'pk_trimmed_packs' }),
          column.id('release_id'),
        ],
        indices: [{ name: 'ix_trimmed_packs_release_id', columnNames: ['release_id'] }],
      }),
    );
    await runner.createTable(
      new Table({
        name: 'surplus_packs',
        columns: [
          column.text('pack_id', 120, { isPrimary: true, primaryKeyConstraintName: 'pk_surplus_packs' }),
          column.id('owner_device_id'),
          column.time('since_ms'),
        ],
        indices: [{ name: 'ix_surplus_packs_owner_device_id_since_ms', columnNames: ['owner_device_id', 'since_ms'] }],
      }),
    );
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.dropTable('surplus_packs');
    await runner.dropTable('trimmed_packs');
    await runner.dropTable('trims');
  }
}
