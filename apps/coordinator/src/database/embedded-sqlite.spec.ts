import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { EmbeddedSqlite } from './embedded-sqlite.ts';

describe('EmbeddedSqlite', () => {
  let database: EmbeddedSqlite;
  beforeEach(() => {
    database = new EmbeddedSqlite(':memory:', { readonly: false, timeout: 100 });
    database.prepare('CREATE TABLE t (name text, bytes bigint)').run();
  });
  afterEach(() => database.close());

  const add = (name: string, bytes: number | bigint) => database.prepare('INSERT INTO t VALUES (?, ?)').run(name, bytes);

  it('tells statements that answer rows from those that change them', () => {
    expect(database.prepare('SELECT name FROM t').reader).toBe(true);
    expect(database.prepare('DELETE FROM t').reader).toBe(false);
    add('a', 1);
    add('b', 2);
    expect(database.prepare('UPDATE t SET bytes = 3').run()).toMatchObject({ changes: 2 });
    expect(database.pragma('user_version')).toEqual([{ user_version: 0 }]);
  });

  it('rounds what is more than a number counts exactly instead of failing for everybody', () => {
    add('a', Number.MAX_SAFE_INTEGER);
    add('b', Number.MAX_SAFE_INTEGER);
    const rows = database.prepare('SELECT name, SUM(bytes) AS bytes, NULL AS none FROM t WHERE bytes > ?').all(1);
    expect(rows).toEqual([{ name: 'a', bytes: 2 * Number.MAX_SAFE_INTEGER, none: null }]);
    add('c', 2n ** 60n);
    expect(database.prepare(`SELECT bytes FROM t WHERE name = 'c'`).all()).toEqual([{ bytes: 2 ** 60 }]);
  });

  it('never does twice what changes something', () => {
    expect(() => database.prepare('INSERT INTO t VALUES (?, ?) RETURNING bytes').all('a', 2n ** 60n)).toThrow(/too large/i);
    expect(database.prepare('SELECT COUNT(*) AS rows FROM t').all()).toEqual([{ rows: 1 }]);
  });
});
