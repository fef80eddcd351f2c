import type { MigrationInterface, QueryRunner } from 'typeorm';
import { Table } from 'typeorm';
import { column } from '../database/columns.ts';

export class Releases1767000120000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.createTable(
      new Table({
        name: 'releases',
        columns: [
          column.id('release_id', { isPrimary: true, primaryKeyConstraintName: 'pk_releases' }),
          column.text('vault_id', 32),
          column.id('device_id'),
          column.int('release_sequence'),
          column.text('reason', 20),
          column.boolean('by_root'),
          column.text('state', 10),
          column.json('flags'),
          column.longText('explanation'),
          column.int('packs'),
          column.big('bytes'),
          column.float('share'),
          column.int('snapshots_forgotten'),
          column.longText('statement'),
          column.text('release_hash', 43),
          column.longText('countersign', { isNullable: true }),
          column.longText('cancel', { isNullable: true }),
          column.time('received_at_ms'),
          column.time('countersigned_at_ms', { isNullable: true }),
          column.time('hold_until_ms', { isNullable: true }),
          column.text('decided_by', 250, { isNullable: true }),
          column.time('decided_at_ms', { isNullable: true }),
          column.int('replicas_deleted'),
        ],
        indices: [
          { name: 'ix_releases_vault_id_release_sequence', columnNames: ['vault_id', 'release_sequence'], isUnique: true },
          { name: 'ix_releases_state_received_at_ms', columnNames: ['state', 'received_at_ms'] },
        ],
      }),
    );
    await runner.createTable(
      new Table({
        name: 'released_packs',
        columns: [
          column.text('pack_id', 120, { isPrimary: true, primaryKeyConstraintName: 'pk_released_packs' }),
          column.id('release_id'),
          column.text('vault_id', 32),
          column.big('size_bytes'),
          column.text('state', 10),
        ],
        indices: [
          { name: 'ix_released_packs_release_id_state', columnNames: ['release_id', 'state'] },
          { name: 'ix_released_packs_vault_id_state', columnNames: ['vault_id', 'state'] },
        ],
      }),
    );
    await runner.createTable(
      new Table({
        name: 'forgotten_snapshots',
        columns: [
          column.id('snapshot_id', { isPrimary: true, primaryKeyConstraintName: 'pk_forgotten_snapshots' }),
          column.text('vault_id', 32),
          column.time('forgotten_at_ms'),
          column.boolean('kept_by_rules'),
          column.longText('snapshot'),
        ],
        indices: [{ name: 'ix_forgotten_snapshots_vault_id_forgotten_at_ms', columnNames: ['vault_id', 'forgotten_at_ms'] }],
      }),
    );
  }

  async down(runner: QueryRunner): Promise<void> {
    for (const table of ['forgotten_snapshots', 'released_packs', 'releases']) await runner.dropTable(table);
  }
}
