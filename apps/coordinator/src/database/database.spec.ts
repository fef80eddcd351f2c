import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { AuditLogService } from '../audit-log/audit-log.service.ts';
import type { TestCoordinator } from '../testing/test-coordinator.ts';
import { startTestCoordinator } from '../testing/test-coordinator.ts';
import { Database } from './database.ts';

describe('database', () => {
  let coordinator: TestCoordinator;
  let database: Database;
  let auditLog: AuditLogService;
  const open = (): void => {
    database = coordinator.get(Database);
    auditLog = coordinator.get(AuditLogService);
  };
  beforeAll(async () => {
    coordinator = await startTestCoordinator();
    open();
  });
  afterAll(() => coordinator.close());

  const record = (subject: string): Promise<void> => auditLog.record({ actor: 'test', action: 'test.write', subject });
  const count = async (): Promise<number> => (await auditLog.verify()).entries;

  it('has nothing to change after its migrations', async () => {
    expect(await database.schemaDrift()).toEqual([]);
  });

  it('migrates an existing database without losing anything', async () => {
    await record('kept');
    coordinator = await coordinator.restart();
    open();
    expect(await auditLog.verify()).toMatchObject({ entries: 1, brokenAt: null });
    expect(await database.schemaDrift()).toEqual([]);
  });

  it('commits all or nothing, and joins a write inside a write', async () => {
    const before = await count();
    await expect(
      database.write(async () => {
        await record('lost');
        await database.write(() => record('lost too'));
        throw new Error('changed my mind');
      }),
    ).rejects.toThrow('changed my mind');
    expect(await count()).toBe(before);
    await database.write(async () => {
      await record('one');
      await record('two');
    });
    expect(await count()).toBe(before + 2);
  });

  it('keeps the write of a bystander when a transaction beside it is rolled back', async () => {
    const before = await count();
    const gate = Promise.withResolvers<void>();
    const failing = database.write(async () => {
      await record('rolled back');
      await gate.promise;
      throw new Error('no');
    });
    const bystander = record('kept');
    gate.resolve();
    await expect(failing).rejects.toThrow('no');
    await bystander;
    expect(await count()).toBe(before + 1);
    expect(await auditLog.verify()).toMatchObject({ brokenAt: null });
  });

  it('gives many writers turns: each sees what the one before wrote', async () => {
    const before = await count();
    await Promise.all(Array.from({ length: 40 }, (_, n) => record(`writer ${n}`)));
    expect(await auditLog.verify()).toMatchObject({ entries: before + 40, brokenAt: null });
  });

  it('shows readers what was committed, and the writer its own changes', async () => {
    const before = await count();
    const gate = Promise.withResolvers<void>();
    const reached = Promise.withResolvers<void>();
    let inside = 0;
    const writing = database.write(async () => {
      await record('unfinished');
      inside = await count();
      reached.resolve();
      await gate.promise;
    });
    await reached.promise;
    expect(await count()).toBe(before);
    expect(inside).toBe(before + 1);
    gate.resolve();
    await writing;
    expect(await count()).toBe(before + 1);
  });

  it('runs effects after the commit, in order, and never after a rollback', async () => {
    const seen: string[] = [];
    await database.write(async () => {
      database.afterCommit(() => seen.push('first'));
      await record('with effect');
      database.afterCommit(() => seen.push('second'));
      seen.push('inside');
    });
    await database
      .write(async () => {
        database.afterCommit(() => seen.push('never'));
        throw new Error('no');
      })
      .catch(() => undefined);
    database.afterCommit(() => seen.push('at once'));
    expect(seen).toEqual(['inside', 'first', 'second', 'at once']);
  });

  it('does not let work that outlives its transaction into the next one', async () => {
    const before = await count();
    const gate = Promise.withResolvers<void>();
    let stray: Promise<void> | undefined;
    await database.write(async () => {
      stray = gate.promise.then(() => record('on its own'));
    });
    const failing = database.write(async () => {
      gate.resolve();
      // Lets the stray work reach the database while this transaction is open.
      await new Promise((resolve) => setImmediate(resolve));
      throw new Error('no');
    });
    await expect(failing).rejects.toThrow('no');
    await stray;
    expect(await count()).toBe(before + 1);
  });
});
