import type { MigrationInterface, QueryRunner } from 'typeorm';
import { Table } from 'typeorm';
import { column } from '../database/columns.ts';

export class Accounts1767000002000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.createTable(
      new Table({
        name: 'accounts',
        columns: [
          column.id('user_id', { isPrimary: true, primaryKeyConstraintName: 'pk_accounts' }),
          column.text('email', 200),
          column.text('name', 100),
          column.text('role', 20),
          column.longText('password_hash'),
          column.time('created_at_ms'),
        ],
        indices: [{ name: 'ix_accounts_email', columnNames: ['email'], isUnique: true }],
      }),
    );
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.dropTable('accounts');
  }
}
