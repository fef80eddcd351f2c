import type { MigrationInterface, QueryRunner } from 'typeorm';
import { Table } from 'typeorm';
import { column } from '../database/columns.ts';

export class Team1767000006000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.createTable(
      new Table({
        name: 'team',
        columns: [
          column.int('id', { isPrimary: true, primaryKeyConstraintName: 'pk_team' }),
          column.id('team_id'),
          column.text('name', 100),
          column.text('root_key', 43),
          column.text('recovery_key', 43),
          column.json('document'),
          column.id('coordinator_device_id'),
          column.time('created_at_ms'),
        ],
      }),
    );
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.dropTable('team');
  }
}
