import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { TestCoordinator } from '../testing/test-coordinator.ts';
import { startTestCoordinator } from '../testing/test-coordinator.ts';
import { foundTeam } from '../testing/test-team.ts';

describe('metrics', () => {
  let coordinator: TestCoordinator;
  beforeAll(async () => void (coordinator = await startTestCoordinator()));
  afterAll(() => coordinator.close());

  it('counts requests by route pattern, and devices that are here', async () => {
    const team = await foundTeam(coordinator);
    const ada = await team.enrol('ada');
    await ada.beat();
    await (await team.people('owner')).post(`/devices/7fa6ef10-7ce4-4fa3-9ce5-5d8ac2ae3b8e/revoke`);
    const { text, headers } = await coordinator.anyone.get('//metrics');
    expect(headers['content-type']).toContain('text/plain');
    expect(text).toContain('holdfast_devices_online 1');
    expect(text).toContain('route="/api/v1/devices/:deviceId/revoke",status="4xx"');
    expect(text).not.toContain('7fa6ef10');
  });

  it('is for this machine only', async () => {
    const away = await coordinator.app.inject({ method: 'GET', url: '/metrics', remoteAddress: '10.1.2.3' });
    expect([away.statusCode, away.json<{ code: string }>().code]).toEqual([403, 'metrics_forbidden']);
    // Nobody in between may say who the caller is.
    const spoofed = await coordinator.app.inject({
      method: 'GET',
      url: '/metrics',
      remoteAddress: '10.1.2.3',
      headers: { 'x-forwarded-for': '127.0.0.1' },
    });
    expect(spoofed.statusCode).toBe(403);
  });

  it('or for who has the token', async () => {
    const token = 'a-long-enough-token';
    const guarded = await startTestCoordinator({ config: { metrics: { token } } });
    try {
      expect((await guarded.anyone.get('//metrics')).status).toBe(403);
      const away = await guarded.app.inject({
        method: 'GET',
        url: '/metrics',
        remoteAddress: '10.1.2.3',
        headers: { authorization: `Bearer ${token}` },
      });
      expect(away.statusCode).toBe(200);
    } finally {
      await guarded.close();
    }
  });
});
