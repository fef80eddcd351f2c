import type { SQLInputValue, SQLOutputValue } from 'node:sqlite';
import { DatabaseSync } from 'node:sqlite';
import { systemErrorCode } from '#libs/kernel';

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

/** May run twice. */
const onlyReads = /^\s*(?:select|pragma)\b/i;

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
      all: (...parameters) => {
        try {
          return statement.all(...parameters);
        } catch (error) {
          if (systemErrorCode(error) !== 'ERR_OUT_OF_RANGE' || !onlyReads.test(sql)) throw error;
          return this.#rounded(sql, parameters);
        }
      },
      run: (...parameters) => statement.run(...parameters),
    };
  }

  /** Sums may be more than a number counts exactly; a rounded one serves everybody better than none. */
  #rounded(sql: string, parameters: readonly SQLInputValue[]): unknown[] {
    const statement = this.#database.prepare(sql);
    statement.setReadBigInts(true);
    const number = (value: SQLOutputValue): unknown => (typeof value === 'bigint' ? Number(value) : value);
    return statement.all(...parameters).map((row) => Object.fromEntries(Object.entries(row).map(([name, value]) => [name, number(value)])));
  }

  /** The rows that `PRAGMA statement` answers. */
  pragma(statement: string): unknown[] {
    return this.#database.prepare(`PRAGMA ${statement}`).all();
  }

  close(): void {
    this.#database.close();
  }
}
