import type { MigrationInterface, QueryRunner } from 'typeorm';
import { Table } from 'typeorm';
import { column } from '../database/columns.ts';

export class Packs1767000102000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.createTable(
      new Table({
        name: 'packs',
        columns: [
          column.text('pack_id', 120, { isPrimary: true, primaryKeyConstraintName: 'pk_packs' }),
          column.text('vault_id', 32),
          column.big('ordinal'),
          column.text('kind', 10),
          column.big('size_bytes'),
          column.id('owner_device_id'),
          column.time('announced_at_ms'),
          column.int('effective'),
          column.int('lack'),
          column.int('queue'),
          column.text('parked_for', 20),
        ],
        indices: [
          { name: 'ix_packs_vault_id_ordinal', columnNames: ['vault_id', 'ordinal'], isUnique: true },
          { name: 'ix_packs_queue_effective', columnNames: ['queue', 'effective'] },
          { name: 'ix_packs_lack', columnNames: ['lack'] },
        ],
      }),
    );
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.dropTable('packs');
  }
}
