import type { SQLInputValue } from 'node:sqlite';
import { DatabaseSync } from 'node:sqlite';

interface Options {
  readonly readonly: boolean;
  /** Milliseconds that a statement waits for another process's lock before it fails as busy. */
  readonly timeout: number;
}

interface Statement {
  /** Whether the statement answers rows. */
  readonly reader: boolean;
  all(...parameters: SQLInputValue[]): unknown[];
  run(...parameters: SQLInputValue[]): { changes: number | bigint; lastInsertRowid: number | bigint };
}

/**
 * The SQLite that Node.js brings, in the form that TypeORM's `better-sqlite3` driver asks of its `driver` option: that package is compiled
 * during `npm ci`, which needs a compiler and the headers of Node.js from the internet; this needs neither.
 */
export class EmbeddedSqlite {
  readonly #database: DatabaseSync;

  /** Throws what SQLite says when the file can't be opened or, with `readonly`, is not there. */
  constructor(file: string, { readonly, timeout }: Options) {
    this.#database = new DatabaseSync(file, { readOnly: readonly, timeout });
  }

  prepare(sql: string): Statement {
    const statement = this.#database.prepare(sql);
    return {
      reader: statement.columns().length > 0,
      all: (...parameters) => statement.all(...parameters),
      run: (...parameters) => statement.run(...parameters),
    };
  }

  /** The rows that `PRAGMA statement` answers. */
  pragma(statement: string): unknown[] {
    return this.#database.prepare(`PRAGMA ${statement}`).all();
  }

  close(): void {
    this.#database.close();
  }
}
