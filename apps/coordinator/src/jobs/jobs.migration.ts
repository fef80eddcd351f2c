import type { MigrationInterface, QueryRunner } from 'typeorm';
import { Table } from 'typeorm';
import { column } from '../database/columns.ts';

export class Jobs1767000106000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.createTable(
      new Table({
        name: 'jobs',
        columns: [
          column.id('job_id', { isPrimary: true, primaryKeyConstraintName: 'pk_jobs' }),
          column.id('device_id'),
          column.text('kind', 20),
          column.json('task'),
          column.text('state', 10),
          column.int('attempt'),
          column.time('created_at_ms'),
          column.time('expires_at_ms'),
          column.time('not_before_ms'),
          column.time('lease_until_ms', { isNullable: true }),
          column.time('ended_at_ms', { isNullable: true }),
          column.text('pack_id', 120, { isNullable: true }),
          column.id('restore_id', { isNullable: true }),
          column.text('error_code', 60, { isNullable: true }),
          column.longText('error_message', { isNullable: true }),
        ],
        indices: [
          { name: 'ix_jobs_device_id_state', columnNames: ['device_id', 'state'] },
          { name: 'ix_jobs_state_lease_until_ms', columnNames: ['state', 'lease_until_ms'] },
          { name: 'ix_jobs_ended_at_ms', columnNames: ['ended_at_ms'] },
          { name: 'ix_jobs_pack_id', columnNames: ['pack_id'] },
        ],
      }),
    );
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.dropTable('jobs');
  }
}
