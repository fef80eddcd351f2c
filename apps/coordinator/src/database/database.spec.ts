import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { AuditLogService } from '../audit-log/audit-log.service.ts';
import type { TestCoordinator } from '../testing/test-coordinator.ts';
import { startTestCoordinator } from '../testing/test-coordinator.ts';
import { Database } from './database.ts';

describe('database', () => {
  let coordinator: TestCoordinator;
  beforeAll(async () => void (coordinator = await startTestCoordinator()));
  afterAll(() => coordinator.close());

  it('has nothing to change after its migrations', async () => {
    expect(await coordinator.get(Database).schemaDrift()).toEqual([]);
  });

  it('migrates an existing database without losing anything', async () => {
    await coordinator.get(AuditLogService).record({ actor: 'test', action: 'test.keep', subject: 'x' });
    coordinator = await coordinator.restart();
    expect(await coordinator.get(AuditLogService).verify()).toMatchObject({ entries: 1, brokenAt: null });
    expect(await coordinator.get(Database).schemaDrift()).toEqual([]);
  });
});
