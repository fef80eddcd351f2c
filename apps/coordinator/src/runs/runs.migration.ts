import type { MigrationInterface, QueryRunner } from 'typeorm';
import { Table } from 'typeorm';
import { column } from '../database/columns.ts';

export class Runs1767000107000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.createTable(
      new Table({
        name: 'runs',
        columns: [
          column.id('run_id', { isPrimary: true, primaryKeyConstraintName: 'pk_runs' }),
          column.id('device_id'),
          column.text('trigger', 20),
          column.text('state', 20),
          column.time('started_at_ms'),
          column.time('ended_at_ms', { isNullable: true }),
          column.big('files_done'),
          column.big('bytes_done'),
          column.int('snapshot_sequence', { isNullable: true }),
          column.text('error_code', 200, { isNullable: true }),
          column.longText('error_message', { isNullable: true }),
          column.int('file_errors'),
        ],
        indices: [
          { name: 'ix_runs_device_id_started_at_ms', columnNames: ['device_id', 'started_at_ms'] },
          { name: 'ix_runs_started_at_ms', columnNames: ['started_at_ms'] },
        ],
      }),
    );
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.dropTable('runs');
  }
}
