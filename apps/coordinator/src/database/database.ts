import { AsyncLocalStorage } from 'node:async_hooks';
import type { OnApplicationShutdown } from '@nestjs/common';
import { Injectable } from '@nestjs/common';
import type { EntityManager, QueryRunner } from 'typeorm';
import { Mutex } from '#libs/kernel';
import type { DataSources } from './data-sources.ts';
import { closeDataSources } from './data-sources.ts';

interface Transaction {
  readonly manager: EntityManager;
  readonly effects: (() => void)[];
  open: boolean;
}

/** Any number that all coordinators on one PostgreSQL database agree on. */
const WRITER_LOCK = 0x486f6c64;

/**
 * The only door to the database; repositories hold it and nothing else of TypeORM's.
 *
 * Writers take turns, on both databases (a mutex in the process; across processes an immediate transaction or an advisory
 * lock), so that "look, decide, write" inside {@link write} needs no further locking. Reads outside of a transaction see what
 * was last committed and wait for nobody.
 */
@Injectable()
export class Database implements OnApplicationShutdown {
  readonly #sources: DataSources;
  readonly #turn = new Mutex();
  readonly #current = new AsyncLocalStorage<Transaction>();

  constructor(sources: DataSources) {
    this.#sources = sources;
  }

  get kind(): 'sqlite' | 'postgres' {
    return this.#sources.writer.options.type === 'postgres' ? 'postgres' : 'sqlite';
  }

  /** For reading. Inside {@link write} it is the transaction's own manager, so a transaction sees its own changes. */
  get read(): EntityManager {
    return this.#open()?.manager ?? this.#sources.reader.manager;
  }

  /**
   * Runs `work` in a transaction: all of it or, when it throws, nothing. A call inside another joins that one.
   * Keep it short and free of network calls: everybody else waits.
   */
  async write<T>(work: (manager: EntityManager) => Promise<T>): Promise<T> {
    const outer = this.#open();
    if (outer) return work(outer.manager);
    const effects: (() => void)[] = [];
    const result = await this.#turn.run(() => this.#transaction(work, effects));
    for (const effect of effects) effect();
    return result;
  }

  /** Runs `effect` once the current transaction is committed, never when it is rolled back; at once outside of one. */
  afterCommit(effect: () => void): void {
    const transaction = this.#open();
    if (transaction) transaction.effects.push(effect);
    else effect();
  }

  /** Answers when both connections do. */
  async ping(): Promise<void> {
    await this.#sources.reader.query('SELECT 1');
    if (this.#sources.writer !== this.#sources.reader) await this.#sources.writer.query('SELECT 1');
  }

  /** SQL that would bring the schema to what the entities say; empty unless a migration is missing. */
  async schemaDrift(): Promise<string[]> {
    const { upQueries } = await this.#sources.writer.driver.createSchemaBuilder().log();
    return upQueries.map((query) => query.query);
  }

  async onApplicationShutdown(): Promise<void> {
    await this.#turn.run(() => closeDataSources(this.#sources));
  }

  /** Work that was started inside a transaction and runs on after its end is outside of it. */
  #open(): Transaction | undefined {
    const transaction = this.#current.getStore();
    return transaction?.open ? transaction : undefined;
  }

  async #transaction<T>(work: (manager: EntityManager) => Promise<T>, effects: (() => void)[]): Promise<T> {
    const runner = this.#sources.writer.createQueryRunner();
    const transaction: Transaction = { manager: runner.manager, effects, open: true };
    try {
      await this.#begin(runner);
      const result = await this.#current.run(transaction, () => work(runner.manager));
      transaction.open = false;
      await runner.commitTransaction();
      return result;
    } catch (error) {
      transaction.open = false;
      if (runner.isTransactionActive) await runner.rollbackTransaction().catch(() => undefined);
      throw error;
    } finally {
      await runner.release();
    }
  }

  async #begin(runner: QueryRunner): Promise<void> {
    if (this.kind === 'postgres') {
      await runner.startTransaction();
      await runner.query('SELECT pg_advisory_xact_lock($1)', [WRITER_LOCK]);
      return;
    }
    // TypeORM only knows the deferred BEGIN, which fails at its first write when another process (the command line) wrote since
    // its first read. IMMEDIATE waits for its turn instead; the two fields are what startTransaction() sets.
    await runner.query('BEGIN IMMEDIATE');
    Object.assign(runner, { isTransactionActive: true, transactionDepth: 1 });
  }
}
