import type { MigrationInterface, QueryRunner } from 'typeorm';
import { Table } from 'typeorm';
import { column } from '../database/columns.ts';

export class JoinLinks1767000008000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.createTable(
      new Table({
        name: 'join_links',
        columns: [
          column.id('join_link_id', { isPrimary: true, primaryKeyConstraintName: 'pk_join_links' }),
          column.text('secret_hash', 43),
          column.time('created_at_ms'),
          column.text('created_by', 200),
          column.time('expires_at_ms'),
          column.time('revoked_at_ms', { isNullable: true }),
          column.int('uses'),
          column.int('uses_left'),
          column.text('site', 100),
          column.text('class', 20),
        ],
        indices: [{ name: 'ix_join_links_secret_hash', columnNames: ['secret_hash'], isUnique: true }],
      }),
    );
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.dropTable('join_links');
  }
}
