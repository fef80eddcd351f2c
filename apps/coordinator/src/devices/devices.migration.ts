import type { MigrationInterface, QueryRunner } from 'typeorm';
import { Table } from 'typeorm';
import { column } from '../database/columns.ts';

export class Devices1767000001000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.createTable(
      new Table({
        name: 'devices',
        columns: [
          column.id('device_id', { isPrimary: true, primaryKeyConstraintName: 'pk_devices' }),
          column.text('peer_id', 80),
          column.text('name', 100),
          column.text('site', 100),
          column.text('class', 20),
          column.text('membership', 20),
          column.text('os', 100),
          column.text('agent_version', 40),
          column.text('signing_key', 43),
          column.text('box_key', 43),
          column.json('addresses'),
          column.time('enrolled_at_ms'),
          column.id('join_link_id', { isNullable: true }),
          column.time('revoked_at_ms', { isNullable: true }),
          column.time('last_seen_at_ms', { isNullable: true }),
          column.boolean('leaving'),
          column.big('free_bytes'),
          column.big('available_for_packs_bytes'),
          column.big('held_bytes'),
          column.big('held_packs'),
          column.longText('note'),
        ],
        indices: [{ name: 'ix_devices_peer_id', columnNames: ['peer_id'], isUnique: true }],
      }),
    );
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.dropTable('devices');
  }
}
