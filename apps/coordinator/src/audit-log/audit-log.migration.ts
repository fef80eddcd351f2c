import type { MigrationInterface, QueryRunner } from 'typeorm';
import { Table } from 'typeorm';
import { column } from '../database/columns.ts';

export class AuditLog1767000000000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.createTable(
      new Table({
        name: 'audit_log',
        columns: [
          column.int('sequence', { isPrimary: true, primaryKeyConstraintName: 'pk_audit_log' }),
          column.time('at_ms'),
          column.text('actor', 250),
          column.text('action', 60),
          column.text('subject', 250),
          column.id('device_id', { isNullable: true }),
          column.longText('detail'),
          column.text('hash', 64),
        ],
      }),
    );
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.dropTable('audit_log');
  }
}
