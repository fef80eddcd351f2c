import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Database } from '../database/database.ts';
import type { TestCoordinator } from '../testing/test-coordinator.ts';
import { startTestCoordinator } from '../testing/test-coordinator.ts';
import type { TestTeam } from '../testing/test-team.ts';
import { foundTeam } from '../testing/test-team.ts';
import { AccountEntity } from './account.entity.ts';

describe('accounts', () => {
  let coordinator: TestCoordinator;
  let team: TestTeam;
  beforeAll(async () => {
    coordinator = await startTestCoordinator();
    team = await foundTeam(coordinator);
  });
  afterAll(() => coordinator.close());

  const ada = { email: 'Ada@Example.org', name: 'Ada', role: 'restore-operator', password: 'long enough password' };

  it('is made by an owner and can sign in at once', async () => {
    const owner = await team.people('owner');
    const made = await owner.post('/accounts', ada);
    expect(made).toMatchObject({ status: 201, body: { email: 'ada@example.org', role: 'restore-operator' } });
    expect(made.text).not.toMatch(/password|argon2/i);
    expect((await coordinator.anyone.post('/session', { email: ada.email, password: ada.password })).body.user.role).toBe(
      'restore-operator',
    );
    expect((await owner.get('/accounts')).body).toHaveLength(2);
    expect(await owner.post('/accounts', { ...ada, email: 'ADA@example.org' })).toMatchObject({
      status: 409,
      body: { code: 'account_exists' },
    });
    expect((await owner.get('/audit-log?search=account.create')).body.total).toBe(1);
  });

  it('keeps passwords as Argon2id only', async () => {
    for (const { passwordHash } of await coordinator.get(Database).read.find(AccountEntity))
      expect(passwordHash).toMatch(/^\$argon2id\$v=19\$/);
  });

  it('is gone with its sessions when it is removed', async () => {
    const owner = await team.people('owner');
    const signedIn = await coordinator.anyone.post('/session', { email: ada.email, password: ada.password });
    const client = coordinator.anyone.with({ cookie: String(signedIn.headers['set-cookie']).split(';')[0]! });
    expect((await client.get('/session')).status).toBe(200);
    expect((await owner.delete(`/accounts/${signedIn.body.user.userId}`)).status).toBe(204);
    expect((await client.get('/session')).status).toBe(401);
    expect((await coordinator.anyone.post('/session', { email: ada.email, password: ada.password })).status).toBe(401);
    expect(await owner.delete(`/accounts/${signedIn.body.user.userId}`)).toMatchObject({
      status: 404,
      body: { code: 'account_not_found' },
    });
  });

  it('keeps the last owner', async () => {
    const owner = await team.people('owner');
    const { userId } = (await owner.get('/session')).body.user;
    expect(await owner.delete(`/accounts/${userId}`)).toMatchObject({ status: 409, body: { code: 'account_last_owner' } });
  });
});
