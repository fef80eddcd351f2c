import type { MigrationInterface, QueryRunner } from 'typeorm';
import { Table } from 'typeorm';
import { column } from '../database/columns.ts';

export class Bundle1767000171000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.createTable(
      new Table({
        name: 'bundles',
        columns: [
          column.text('digest', 43, { isPrimary: true, primaryKeyConstraintName: 'pk_bundles' }),
          column.big('ordinal'),
          column.time('made_at_ms'),
          column.int('roster_version'),
          column.big('size_bytes'),
          column.text('fingerprint', 43),
          column.longText('statement'),
        ],
        indices: [{ name: 'ix_bundles_ordinal', columnNames: ['ordinal'], isUnique: true }],
      }),
    );
    await runner.createTable(
      new Table({
        name: 'bundle_keepers',
        columns: [
          column.id('device_id', { isPrimary: true, primaryKeyConstraintName: 'pk_bundle_keepers' }),
          column.text('digest', 43),
          column.time('made_at_ms'),
          column.time('heard_at_ms'),
        ],
      }),
    );
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.dropTable('bundle_keepers');
    await runner.dropTable('bundles');
  }
}
