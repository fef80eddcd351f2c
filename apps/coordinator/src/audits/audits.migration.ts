import type { MigrationInterface, QueryRunner } from 'typeorm';
import { Table } from 'typeorm';
import { column } from '../database/columns.ts';

const key = (table: string) => ({ isPrimary: true, primaryKeyConstraintName: `pk_${table}` });

export class Audits1767000130000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    for (const table of tables) await runner.createTable(new Table(table));
  }

  async down(runner: QueryRunner): Promise<void> {
    for (const { name } of tables.toReversed()) await runner.dropTable(name);
  }
}

const tables = [
  {
    name: 'audit_challenges',
    columns: [
      column.text('pack_id', 120, key('audit_challenges')),
      column.text('seed', 43),
      column.longText('answers'),
      column.int('made'),
      column.int('used'),
    ],
  },
  {
    name: 'audit_queue',
    columns: [
      column.text('pack_id', 120, key('audit_queue')),
      column.id('device_id', key('audit_queue')),
      column.time('due_at_ms'),
      column.time('passed_at_ms', { isNullable: true }),
      column.int('tries'),
      column.boolean('failed'),
    ],
    indices: [{ name: 'ix_audit_queue_device_id_due_at_ms', columnNames: ['device_id', 'due_at_ms'] }],
  },
  {
    name: 'audit_asks',
    columns: [
      column.id('audit_id', key('audit_asks')),
      column.id('device_id'),
      column.text('pack_id', 120),
      column.text('nonce', 43),
      column.text('expected', 43, { isNullable: true }),
      column.id('cross_id', { isNullable: true }),
      column.text('answer', 43, { isNullable: true }),
      column.time('asked_at_ms'),
      column.time('deadline_ms'),
    ],
    indices: [
      { name: 'ix_audit_asks_device_id_deadline_ms', columnNames: ['device_id', 'deadline_ms'] },
      { name: 'ix_audit_asks_deadline_ms', columnNames: ['deadline_ms'] },
      { name: 'ix_audit_asks_cross_id', columnNames: ['cross_id'] },
    ],
  },
  {
    name: 'audit_judgements',
    columns: [
      column.text('pack_id', 120, key('audit_judgements')),
      column.id('device_id', key('audit_judgements')),
      column.text('kind', 10),
      column.text('nonce', 43),
      column.text('expected', 43, { isNullable: true }),
      column.time('not_before_ms'),
      column.int('tries'),
    ],
    indices: [{ name: 'ix_audit_judgements_not_before_ms', columnNames: ['not_before_ms'] }],
  },
  {
    name: 'audit_holders',
    columns: [
      column.id('device_id', key('audit_holders')),
      column.big('passed'),
      column.big('failed'),
      column.big('timed_out'),
      column.time('last_passed_at_ms', { isNullable: true }),
      column.time('quarantined_at_ms', { isNullable: true }),
      column.longText('quarantine_reason'),
      column.int('passed_in_a_row'),
      column.time('failures_count_from_ms'),
      column.time('scan_wanted_since_ms', { isNullable: true }),
      column.time('last_scan_ended_at_ms', { isNullable: true }),
      column.big('last_scan_packs'),
      column.big('last_scan_damaged'),
    ],
  },
  {
    name: 'audit_days',
    columns: [
      column.id('device_id', key('audit_days')),
      column.big('day_ms', key('audit_days')),
      column.int('passed'),
      column.int('failed'),
      column.int('timed_out'),
    ],
    indices: [{ name: 'ix_audit_days_day_ms', columnNames: ['day_ms'] }],
  },
  {
    name: 'audit_events',
    columns: [
      column.id('event_id', key('audit_events')),
      column.id('device_id'),
      column.time('at_ms'),
      column.text('kind', 20),
      column.text('pack_id', 120, { isNullable: true }),
      column.id('owner_device_id', { isNullable: true }),
      column.longText('cause'),
      column.text('weight', 10),
    ],
    indices: [
      { name: 'ix_audit_events_device_id_at_ms', columnNames: ['device_id', 'at_ms'] },
      { name: 'ix_audit_events_at_ms', columnNames: ['at_ms'] },
    ],
  },
];
