import type { MigrationInterface, QueryRunner } from 'typeorm';
import { Table } from 'typeorm';
import { column } from '../database/columns.ts';

export class Idempotency1767000005000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.createTable(
      new Table({
        name: 'idempotent_requests',
        columns: [
          column.text('request_hash', 43, { isPrimary: true, primaryKeyConstraintName: 'pk_idempotent_requests' }),
          column.text('body_hash', 43),
          column.int('status'),
          column.longText('answer'),
          column.time('expires_at_ms'),
        ],
        indices: [{ name: 'ix_idempotent_requests_expires_at_ms', columnNames: ['expires_at_ms'] }],
      }),
    );
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.dropTable('idempotent_requests');
  }
}
