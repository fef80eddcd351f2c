import type { MigrationInterface, QueryRunner } from 'typeorm';
import { Table } from 'typeorm';
import { column } from '../database/columns.ts';

export class Vaults1767000101000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.createTable(
      new Table({
        name: 'vaults',
        columns: [
          column.text('vault_id', 32, { isPrimary: true, primaryKeyConstraintName: 'pk_vaults' }),
          column.id('device_id'),
          column.time('created_at_ms'),
          column.longText('header', { isNullable: true }),
          column.time('header_at_ms', { isNullable: true }),
          column.longText('head', { isNullable: true }),
          column.int('head_sequence', { isNullable: true }),
          column.big('packs'),
          column.big('bytes'),
        ],
        indices: [{ name: 'ix_vaults_device_id', columnNames: ['device_id'], isUnique: true }],
      }),
    );
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.dropTable('vaults');
  }
}
