import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Database } from '../database/database.ts';
import type { TestCoordinator } from '../testing/test-coordinator.ts';
import { startTestCoordinator } from '../testing/test-coordinator.ts';
import { foundTeam } from '../testing/test-team.ts';
import { GENESIS, firstBreak, hashEntry } from './audit-chain.ts';
import { AuditEntryEntity } from './audit-entry.entity.ts';
import { AuditLogService } from './audit-log.service.ts';

type Entry = Pick<AuditEntryEntity, keyof AuditEntryEntity>;

function chain(length: number): Entry[] {
  const entries: Entry[] = [];
  for (let sequence = 1; sequence <= length; sequence += 1) {
    const entry = {
      sequence,
      atMs: 1000 + sequence,
      actor: 'ada',
      action: 'a.b',
      subject: `s${sequence}`,
      deviceId: null,
      detail: '{"n":1}',
    };
    entries.push({ ...entry, hash: hashEntry(entries.at(-1)?.hash ?? GENESIS, entry) });
  }
  return entries;
}

const genesis = { sequence: 0, hash: GENESIS };
const at3 = (change: Partial<Entry>) => (entries: Entry[]) =>
  entries.map((entry) => (entry.sequence === 3 ? { ...entry, ...change } : entry));

describe('audit chain', () => {
  it('holds as it was written', () => {
    expect(firstBreak(chain(6), genesis)).toBeUndefined();
  });

  it.each<[string, (entries: Entry[]) => Entry[], number]>([
    ['another actor', at3({ actor: 'eve' }), 3],
    ['another action', at3({ action: 'a.c' }), 3],
    ['another subject', at3({ subject: 's4' }), 3],
    ['another time', at3({ atMs: 1 }), 3],
    ['another device', at3({ deviceId: 'd' }), 3],
    ['another detail', at3({ detail: '{"n":2}' }), 3],
    ['another hash', at3({ hash: GENESIS }), 3],
    ['text moved between fields', at3({ actor: 'adaa', action: '.b' }), 3],
    ['an entry removed', (entries) => entries.filter(({ sequence }) => sequence !== 3), 3],
    ['two entries exchanged', ([a, b, c, ...rest]) => [a!, c!, b!, ...rest], 2],
    ['the first removed', (entries) => entries.slice(1), 1],
    [
      'an entry rewritten with its own hash',
      (entries) =>
        entries.map((entry, n) =>
          n === 2 ? { ...entry, actor: 'eve', hash: hashEntry(entries[1]!.hash, { ...entry, actor: 'eve' }) } : entry,
        ),
      4,
    ],
  ])('shows %s', (_, tamper, brokenAt) => {
    expect(firstBreak(tamper(chain(6)), genesis)).toBe(brokenAt);
  });
});

describe('audit log', () => {
  let coordinator: TestCoordinator;
  let auditLog: AuditLogService;
  beforeAll(async () => {
    coordinator = await startTestCoordinator();
    auditLog = coordinator.get(AuditLogService);
  });
  afterAll(() => coordinator.close());

  it('binds what happens to what happened, pages it and finds it', async () => {
    const team = await foundTeam(coordinator);
    for (let n = 0; n < 5; n += 1) await team.joinLink();
    const auditor = await team.people('auditor');
    const { body } = await auditor.get('/audit-log?pageSize=2&page=2');
    expect(body).toMatchObject({ total: 6, page: 2, pageSize: 2, items: [{ sequence: 4 }, { sequence: 3 }] });
    expect((await auditor.get('/audit-log?order=asc')).body.items[0]).toMatchObject({ sequence: 1, action: 'team.found' });
    expect((await auditor.get('/audit-log?search=team.found')).body.total).toBe(1);
    expect((await auditor.get('/audit-log/verification')).body).toMatchObject({ entries: 6, brokenAt: null });
    expect((await auditor.get('/audit-log?colour=red')).status).toBe(400);
  });

  it('loses the entry of a change that was rolled back, without a gap', async () => {
    const { entries } = await auditLog.verify();
    await coordinator
      .get(Database)
      .write(async () => {
        await auditLog.record({ actor: 'x', action: 'x.y', subject: 'z' });
        throw new Error('no');
      })
      .catch(() => undefined);
    await auditLog.record({ actor: 'x', action: 'x.y', subject: 'z' });
    expect(await auditLog.verify()).toMatchObject({ entries: entries + 1, brokenAt: null });
  });

  it('shows what was altered in the database', async () => {
    await coordinator.get(Database).write((manager) => manager.update(AuditEntryEntity, { sequence: 2 }, { actor: 'nobody' }));
    expect(await auditLog.verify()).toMatchObject({ brokenAt: 2 });
  });
});
