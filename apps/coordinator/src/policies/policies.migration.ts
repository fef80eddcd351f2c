import type { MigrationInterface, QueryRunner } from 'typeorm';
import { Table } from 'typeorm';
import { column } from '../database/columns.ts';

export class Policies1767000100000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.createTable(
      new Table({
        name: 'team_policy',
        columns: [
          column.int('id', { isPrimary: true, primaryKeyConstraintName: 'pk_team_policy' }),
          column.int('version'),
          column.json('policy'),
        ],
      }),
    );
    await runner.createTable(
      new Table({
        name: 'device_policies',
        columns: [
          column.id('device_id', { isPrimary: true, primaryKeyConstraintName: 'pk_device_policies' }),
          column.int('version'),
          column.json('override'),
        ],
      }),
    );
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.dropTable('device_policies');
    await runner.dropTable('team_policy');
  }
}
