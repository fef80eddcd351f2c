import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import { Database } from '../database/database.ts';
import type { TestClient } from '../testing/test-client.ts';
import type { TestCoordinator } from '../testing/test-coordinator.ts';
import { startTestCoordinator } from '../testing/test-coordinator.ts';
import type { TestTeam } from '../testing/test-team.ts';
import { foundTeam } from '../testing/test-team.ts';
import { IdempotentRequestEntity } from './idempotency.entity.ts';

describe('idempotency keys', () => {
  let coordinator: TestCoordinator;
  let team: TestTeam;
  let admin: TestClient;
  beforeAll(async () => {
    coordinator = await startTestCoordinator();
    team = await foundTeam(coordinator);
    admin = await team.people('admin');
  });
  afterAll(() => coordinator.close());

  const links = async (): Promise<number> => (await admin.get('/join-links')).body.total;
  const create = (key: string, body: unknown = {}, client = admin) => client.with({ 'idempotency-key': key }).post('/join-links', body);

  it('gives the first answer again, secret link included, and does nothing twice', async () => {
    const key = randomUUID();
    const before = await links();
    const [first, second] = [await create(key), await create(key)];
    expect([first.status, second.status]).toEqual([201, 201]);
    expect(second.body).toEqual(first.body);
    expect(second.headers['idempotent-replay']).toBe('true');
    expect(await links()).toBe(before + 1);
  });

  it('keeps no answer that its database could be asked for', async () => {
    const key = randomUUID();
    const { body } = await create(key);
    const rows = JSON.stringify(await coordinator.get(Database).read.find(IdempotentRequestEntity));
    const secret = body.url.split('#')[1].split('.')[0];
    for (const hidden of [key, secret, body.joinLinkId, Buffer.from(secret).toString('base64url')]) expect(rows).not.toContain(hidden);
  });

  it('refuses the same key with another body', async () => {
    const key = randomUUID();
    await create(key);
    expect(await create(key, { uses: 2 })).toMatchObject({ status: 422, body: { code: 'idempotency_key_reused' } });
  });

  it('lets one of two at the same time through', async () => {
    const key = randomUUID();
    const before = await links();
    const answers = await Promise.all([create(key), create(key)]);
    expect(await links()).toBe(before + 1);
    for (const { status, body } of answers) if (status !== 201) expect(body.code).toBe('request_in_progress');
    expect((await create(key)).status).toBe(201);
  });

  it('keeps keys of different people apart', async () => {
    const key = randomUUID();
    const owner = await team.people('owner');
    expect((await create(key)).body.joinLinkId).not.toBe((await create(key, {}, owner)).body.joinLinkId);
  });

  it('keeps nothing of a failure: the same key may try again', async () => {
    const key = randomUUID();
    expect((await create(key, { uses: 0 })).status).toBe(400);
    expect((await create(key, { uses: 1 })).status).toBe(201);
  });

  it('forgets after a day', async () => {
    const key = randomUUID();
    const first = await create(key);
    await coordinator.clock.advance(86_400_000);
    admin = await team.people('admin');
    expect((await create(key)).body.joinLinkId).not.toBe(first.body.joinLinkId);
  });

  it('refuses a key that is none', async () => {
    expect(await create('x')).toMatchObject({ status: 400, body: { code: 'request_invalid' } });
  });
});
