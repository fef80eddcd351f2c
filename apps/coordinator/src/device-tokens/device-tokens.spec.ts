import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { sign } from '#libs/crypto';
import { toBase64Url, utf8 } from '#libs/kernel';
import { DevicesService } from '../devices/devices.service.ts';
import type { TestCoordinator } from '../testing/test-coordinator.ts';
import { startTestCoordinator } from '../testing/test-coordinator.ts';
import type { TestDevice, TestTeam } from '../testing/test-team.ts';
import { foundTeam, teamOf } from '../testing/test-team.ts';
import { DeviceTokensService } from './device-tokens.service.ts';

describe('device tokens', () => {
  let coordinator: TestCoordinator;
  let team: TestTeam;
  let ada: TestDevice;
  let bob: TestDevice;
  beforeAll(async () => {
    coordinator = await startTestCoordinator();
    team = await foundTeam(coordinator);
    [ada, bob] = [await team.enrol('ada'), await team.enrol('bob')];
  });
  afterAll(() => coordinator.close());

  const challenge = async ({ deviceId }: TestDevice): Promise<string> =>
    (await coordinator.anyone.post('/agent/token/challenge', { deviceId })).body.nonce;
  const exchange = (device: TestDevice, nonce: string, by: TestDevice = device) =>
    coordinator.anyone.post('/agent/token', {
      deviceId: device.deviceId,
      nonce,
      signature: toBase64Url(sign('token', utf8(nonce), by.signing.secretKey)),
    });
  const use = (token: string) => coordinator.anyone.with({ authorization: `Bearer ${token}` }).get('/agent/roster');

  it('gives a token for a signed challenge, good for 15 minutes', async () => {
    const answer = await exchange(ada, await challenge(ada));
    expect(answer.status).toBe(201);
    expect(answer.body.expiresAtMs - coordinator.clock.nowMs()).toBe(900_000);
    expect((await use(answer.body.token)).status).toBe(200);
    await coordinator.clock.advance(899_999);
    expect((await use(answer.body.token)).status).toBe(200);
    await coordinator.clock.advance(1);
    expect(await use(answer.body.token)).toMatchObject({ status: 401, body: { code: 'device_token_invalid' } });
  });

  it('takes a challenge once, also when it comes twice at the same time', async () => {
    const nonce = await challenge(ada);
    const answers = await Promise.all([exchange(ada, nonce), exchange(ada, nonce), exchange(ada, nonce)]);
    expect(answers.map(({ status }) => status).toSorted((a, b) => a - b)).toEqual([201, 401, 401]);
    expect(await exchange(ada, nonce)).toMatchObject({ status: 401, body: { code: 'device_proof_wrong' } });
  });

  it('takes it once even when two exchanges wait for the database side by side', async () => {
    const nonce = await challenge(ada);
    const devices = coordinator.get(DevicesService);
    const [find, gate] = [devices.find.bind(devices), Promise.withResolvers<void>()];
    const waiting = jest.spyOn(devices, 'find').mockImplementation(async (deviceId) => {
      await gate.promise;
      return find(deviceId);
    });
    const signature = toBase64Url(sign('token', utf8(nonce), ada.signing.secretKey));
    const tokens = coordinator.get(DeviceTokensService);
    const exchanges = [1, 2].map(() => tokens.exchange(ada.deviceId, nonce, signature));
    gate.resolve();
    const outcomes = await Promise.allSettled(exchanges);
    waiting.mockRestore();
    // Which of the two wins is the database's affair; that only one does is ours.
    expect(outcomes.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
  });

  it.each<[string, () => Promise<{ status: number; body: { code: string } }>]>([
    ['signed by another device', async () => exchange(ada, await challenge(ada), bob)],
    ['made for another device', async () => exchange(ada, await challenge(bob))],
    ['made up', async () => exchange(ada, `${ada.deviceId}.${coordinator.clock.nowMs() + 1000}.AAAA.${'A'.repeat(43)}`)],
    [
      'prolonged',
      async () =>
        exchange(
          ada,
          (await challenge(ada)).replace(/\.(\d+)\./, (_, at: string) => `.${Number(at) + 1}.`),
        ),
    ],
    ['with parts added', async () => exchange(ada, `${await challenge(ada)}.x`)],
    [
      'expired',
      async () => {
        const nonce = await challenge(ada);
        await coordinator.clock.advance(60_000);
        return exchange(ada, nonce);
      },
    ],
    [
      'for a device that there is not',
      async () => exchange({ ...ada, deviceId: '7fa6ef10-7ce4-4fa3-9ce5-5d8ac2ae3b8e' as typeof ada.deviceId }, await challenge(ada)),
    ],
  ])('refuses a challenge %s', async (_, attempt) => {
    expect(await attempt()).toMatchObject({ status: 401, body: { code: 'device_proof_wrong' } });
  });

  it('gives a challenge for any id, so that it does not tell who is enrolled', async () => {
    expect((await coordinator.anyone.post('/agent/token/challenge', { deviceId: '7fa6ef10-7ce4-4fa3-9ce5-5d8ac2ae3b8e' })).status).toBe(
      200,
    );
  });

  it('refuses tokens that it did not make', async () => {
    const { token } = (await exchange(ada, await challenge(ada))).body as { token: string };
    const [id, expiry, tag] = token.split('.') as [string, string, string];
    for (const bad of [
      '',
      'x',
      `${bob.deviceId}.${expiry}.${tag}`,
      `${id}.${Number(expiry) + 1}.${tag}`,
      `${id}.${expiry}.${tag}.${tag}`,
      `${id}.${expiry}`,
    ]) {
      expect((await use(bad)).status).toBe(401);
    }
    expect((await coordinator.anyone.with({ authorization: `Basic ${token}` }).get('/agent/roster')).status).toBe(401);
  });

  it('knows its tokens after a restart, but not its challenges', async () => {
    const nonce = await challenge(ada);
    const { token } = (await exchange(ada, await challenge(ada))).body as { token: string };
    coordinator = await coordinator.restart();
    expect((await use(token)).status).toBe(200);
    expect((await exchange(ada, nonce)).status).toBe(401);
  });

  it('refuses a device from the moment of its revocation, whatever token it has', async () => {
    const { token } = (await exchange(bob, await challenge(bob))).body as { token: string };
    const nonce = await challenge(bob);
    const admin = teamOf(coordinator, team.keys, team.owner);
    expect((await (await admin.people('admin')).post(`/devices/${bob.deviceId}/revoke`)).status).toBe(204);
    expect(await use(token)).toMatchObject({ status: 403, body: { code: 'device_revoked' } });
    expect(await exchange(bob, nonce)).toMatchObject({ status: 403, body: { code: 'device_revoked' } });
  });
});
