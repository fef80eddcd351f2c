import { randomUUID } from 'node:crypto';
import { Client } from 'pg';

/** An empty database on the server of HOLDFAST_TEST_DATABASE_URL; undefined when that is not set. */
export async function temporaryDatabase(): Promise<{ url: string; drop(): Promise<void> } | undefined> {
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
  await run(`CREATE DATABASE ${name}`);
  const url = new URL(server);
  url.pathname = `/${name}`;
  return { url: url.href, drop: () => run(`DROP DATABASE ${name} WITH (FORCE)`) };
}
