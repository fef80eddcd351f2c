import { chmodSync, closeSync, mkdirSync, openSync } from 'node:fs';
import { join } from 'node:path';
import { DataSource } from 'typeorm';
import type { CoordinatorConfig } from '../config/config.schema.ts';
import { dataFolder } from '../config/load-config.ts';
import { EmbeddedSqlite } from './embedded-sqlite.ts';
import { entities } from './entities.ts';
import { migrations } from './migrations.ts';
import { Naming } from './naming.ts';

export interface DataSources {
  /** Every change goes through here, one transaction at a time. */
  readonly writer: DataSource;
  /** Sees what has been committed; never waits for the writer. On PostgreSQL the same pool. */
  readonly reader: DataSource;
}

/** The file of the embedded database. */
export const embeddedDatabase = (config: CoordinatorConfig): string => join(dataFolder(config), 'coordinator.sqlite');

/** Opens the database, creates it when it is not there, and runs the migrations that it lacks. */
export async function openDataSources(config: CoordinatorConfig): Promise<DataSources> {
  const common = { entities, migrations, migrationsTransactionMode: 'each' as const, namingStrategy: new Naming(), synchronize: false };
  if (config.database.url) {
    const writer = new DataSource({
      ...common,
      type: 'postgres',
      url: config.database.url,
      poolSize: config.database.poolSize,
      applicationName: 'holdfast-coordinator',
    });
    await writer.initialize();
    await migrate(writer);
    return { writer, reader: writer };
  }
  const folder = dataFolder(config);
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const database = embeddedDatabase(config);
  // Made by hand first, so that it never exists with a wider mode; WAL and shm files take the mode of the main file.
  closeSync(openSync(database, 'a', 0o600));
  chmodSync(database, 0o600);
  const sqlite = { ...common, type: 'better-sqlite3' as const, driver: EmbeddedSqlite, database, timeout: config.database.busyTimeoutMs };
  const writer = new DataSource({ ...sqlite, enableWAL: true, prepareDatabase: prepare });
  await writer.initialize();
  await migrate(writer);
  const reader = new DataSource({ ...sqlite, migrations: [], readonly: true });
  await reader.initialize();
  return { writer, reader };
}

export async function closeDataSources({ writer, reader }: DataSources): Promise<void> {
  if (reader !== writer) await reader.destroy();
  await writer.destroy();
}

/** Each migration in its own transaction: without one a table rebuild would cascade its deletes. */
async function migrate(writer: DataSource): Promise<void> {
  await writer.runMigrations({ transaction: 'each' });
}

function prepare(db: EmbeddedSqlite): void {
  db.pragma('journal_mode = WAL');
  // FULL: a committed roster version or receipt survives a power cut.
  db.pragma('synchronous = FULL');
  db.pragma('foreign_keys = ON');
}
