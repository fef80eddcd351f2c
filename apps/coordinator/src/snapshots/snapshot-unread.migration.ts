import type { MigrationInterface, QueryRunner } from 'typeorm';

interface Row {
  readonly snapshot_id: string;
  readonly partial: boolean | number;
  readonly stats: string;
}

/** Rows read at once: their stats are small, a team has a hundred thousand snapshots. */
const BATCH = 1000;

/** Plain SQL: TypeORM would copy the whole table on SQLite to add a column. Older snapshots get it from their stats. */
export class SnapshotUnread1767000180000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE "snapshots" ADD COLUMN "unread" integer');
    for (let after = ''; ;) {
      const rows = (await runner.query(
        `SELECT "snapshot_id", "partial", "stats" FROM "snapshots" WHERE "snapshot_id" > '${after}' ORDER BY "snapshot_id" LIMIT ${BATCH}`,
      )) as Row[];
      for (const row of rows) {
        const { errors } = JSON.parse(row.stats) as { readonly errors: number };
        const unread = row.partial ? Math.max(1, errors) : errors;
        if (unread > 0) await runner.query(`UPDATE "snapshots" SET "unread" = ${unread} WHERE "snapshot_id" = '${row.snapshot_id}'`);
      }
      if (rows.length < BATCH) return;
      after = rows.at(-1)!.snapshot_id;
    }
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE "snapshots" DROP COLUMN "unread"');
  }
}
