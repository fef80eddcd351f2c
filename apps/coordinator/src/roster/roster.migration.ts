import type { MigrationInterface, QueryRunner } from 'typeorm';
import { Table } from 'typeorm';
import { column } from '../database/columns.ts';

export class Roster1767000007000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.createTable(
      new Table({
        name: 'roster_version',
        columns: [
          column.int('id', { isPrimary: true, primaryKeyConstraintName: 'pk_roster_version' }),
          column.int('version'),
          column.time('changed_at_ms'),
        ],
      }),
    );
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.dropTable('roster_version');
  }
}
