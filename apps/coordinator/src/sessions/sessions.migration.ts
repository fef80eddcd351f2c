import type { MigrationInterface, QueryRunner } from 'typeorm';
import { Table } from 'typeorm';
import { column } from '../database/columns.ts';

export class Sessions1767000003000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.createTable(
      new Table({
        name: 'sessions',
        columns: [
          column.text('session_id', 43, { isPrimary: true, primaryKeyConstraintName: 'pk_sessions' }),
          column.id('user_id'),
          column.time('created_at_ms'),
          column.time('last_used_at_ms'),
          column.time('expires_at_ms'),
        ],
        indices: [{ name: 'ix_sessions_user_id', columnNames: ['user_id'] }],
      }),
    );
    await runner.createTable(
      new Table({
        name: 'sign_in_tickets',
        columns: [
          column.text('ticket_hash', 43, { isPrimary: true, primaryKeyConstraintName: 'pk_sign_in_tickets' }),
          column.id('user_id'),
          column.time('expires_at_ms'),
          column.time('used_at_ms', { isNullable: true }),
        ],
      }),
    );
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.dropTable('sign_in_tickets');
    await runner.dropTable('sessions');
  }
}
