import { randomUUID } from 'node:crypto';
import { Client } from 'pg';

export interface TemporaryDatabase {
  readonly name: string;
  readonly url: string;
  drop(): Promise<void>;
}

/** An empty database on the server of HOLDFAST_TEST_DATABASE_URL, or a copy of one that nobody is connected to; undefined when that is not set. */
export async function temporaryDatabase(template?: string): Promise<TemporaryDatabase | undefined> {
  const server = process.env['HOLDFAST_TEST_DATABASE_URL'];
  if (!server) return undefined;
  const name = `holdfast_test_${randomUUID().replaceAll('-', '')}`;
  const run = async (sql: string): Promise<void> => {
    const client = new Client({ connectionString: server });
    await client.connect();
    try {
      await client.query(sql);
    } finally {
      await client.end();
    }
  };
  // Copied as files: by its log, as is the default, a database takes twice as long to come and to go.
  await run(`CREATE DATABASE ${name} STRATEGY FILE_COPY${template === undefined ? '' : ` TEMPLATE ${template}`}`);
  const url = new URL(server);
  url.pathname = `/${name}`;
  return { name, url: url.href, drop: () => run(`DROP DATABASE ${name} WITH (FORCE)`) };
}
