import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { defaultPolicy, devicePolicy, policyDocument } from '#libs/contracts';
import { expectStatus } from '../testing/fake-agent.ts';
import type { TestClient } from '../testing/test-client.ts';
import type { TestCoordinator } from '../testing/test-coordinator.ts';
import { startTestCoordinator } from '../testing/test-coordinator.ts';
import type { TestDevice, TestTeam } from '../testing/test-team.ts';
import { foundTeam } from '../testing/test-team.ts';

describe('policies', () => {
  let coordinator: TestCoordinator;
  let team: TestTeam;
  let admin: TestClient;
  let device: TestDevice;
  let other: TestDevice;

  beforeEach(async () => {
    coordinator = await startTestCoordinator();
    team = await foundTeam(coordinator);
    admin = await team.people('admin');
    device = await team.enrol('one');
    other = await team.enrol('two');
  });
  afterEach(() => coordinator.close());

  const own = async (who: TestDevice) => devicePolicy.parse(expectStatus(await who.client.get('/agent/policy'), 200));
  const schedule = (cron: string) => ({ ...defaultPolicy.schedule, cron });

  it('start with the default', async () => {
    expect(policyDocument.parse(expectStatus(await admin.get('/policies/team'), 200))).toEqual({ version: 1, team: defaultPolicy });
    expect(await own(device)).toEqual({ version: 1, effective: defaultPolicy, override: {} });
  });

  it('put a device’s own parts over the team’s, and only they', async () => {
    const folders = ['/home/ann'];
    expectStatus(await admin.put(`/policies/devices/${device.deviceId}`, { folders }), 200);
    expectStatus(await admin.put('/policies/team', { ...defaultPolicy, folders: ['/srv'], excludes: ['*.tmp'] }), 200);
    expect((await own(device)).effective).toEqual({ ...defaultPolicy, folders, excludes: ['*.tmp'] });
    expect((await own(other)).effective.folders).toEqual(['/srv']);
    expectStatus(await admin.put(`/policies/devices/${device.deviceId}`, {}), 200);
    expect((await own(device)).effective.folders).toEqual(['/srv']);
  });

  it('grow in version with every change that concerns a device, and the heartbeat says so', async () => {
    const seen: number[] = [(await own(device)).version];
    const note = async (): Promise<void> => {
      const { version } = await own(device);
      expect(version).toBeGreaterThan(seen.at(-1)!);
      seen.push(version);
      const body = { addresses: [], agentVersion: '1', timeMs: 0, freeBytes: 0, availableForPacksBytes: 0, heldBytes: 0, heldPacks: 0 };
      expect(expectStatus(await device.client.post('/agent/heartbeat', body), 200).policyVersion).toBe(version);
    };
    expectStatus(await admin.put('/policies/team', { ...defaultPolicy, folders: ['/a'] }), 200);
    await note();
    expectStatus(await admin.put(`/policies/devices/${device.deviceId}`, { folders: ['/b'] }), 200);
    await note();
    expectStatus(await admin.put(`/policies/devices/${device.deviceId}`, {}), 200);
    await note();
    expect((await own(other)).version).toBe(2);
  });

  it.each(['not a cron line', '61 * * * *', '* * * * * * *', '0 25 * * *'])('refuse the schedule "%s" with a way out', async (cron) => {
    const answer = await admin.put('/policies/team', { ...defaultPolicy, schedule: schedule(cron) });
    expect([answer.status, answer.body.code]).toEqual([422, 'policy_invalid']);
    expect(answer.body.nextStep).toMatch(/five fields/);
    expect((await admin.put(`/policies/devices/${device.deviceId}`, { schedule: schedule(cron) })).body.code).toBe('policy_invalid');
    expect((await own(device)).version).toBe(1);
  });

  it('refuse what can’t be: more copies at least than at most, a time zone of fairyland, unknown keys', async () => {
    const wrong = [
      { ...defaultPolicy, replicas: { target: 2, minimum: 3 } },
      { ...defaultPolicy, schedule: { ...defaultPolicy.schedule, timeZone: 'Fairyland/Castle' } },
      { ...defaultPolicy, surprise: 1 },
    ];
    for (const body of wrong) expect((await admin.put('/policies/team', body)).body.code).toBe('request_invalid');
  });

  describe('with limits by link', () => {
    const rates = (bytesPerSecond: number | null) => ({ uploadBytesPerSecond: bytesPerSecond, downloadBytesPerSecond: bytesPerSecond });
    const hour = { days: [1], from: '08:00', to: '18:00', ...rates(5) };
    const limits = { ...rates(10), lan: rates(null), relay: rates(3), hours: [{ ...hour, lan: rates(2), relay: rates(1) }] };
    const asked = async (query: string) => devicePolicy.parse(expectStatus(await device.client.get(`/agent/policy${query}`), 200));

    it('go whole to agents that understand them, in whatever company', async () => {
      expectStatus(await admin.put('/policies/team', { ...defaultPolicy, limits }), 200);
      for (const query of ['?knows=link-limits', '?knows=the-future,link-limits'])
        expect((await asked(query)).effective.limits).toEqual(limits);
      expect(policyDocument.parse(expectStatus(await admin.get('/policies/team'), 200)).team.limits).toEqual(limits);
    });

    it('go without them to agents from before, which would refuse the whole policy', async () => {
      expectStatus(await admin.put('/policies/team', { ...defaultPolicy, limits }), 200);
      expectStatus(await admin.put(`/policies/devices/${device.deviceId}`, { folders: ['/a'], limits: { ...limits, ...rates(11) } }), 200);
      for (const query of ['', '?knows=', '?knows=link-limits-2']) {
        const { effective, override } = await asked(query);
        const general = { ...rates(11), hours: [hour] };
        expect([effective.limits, override]).toEqual([general, { folders: ['/a'], limits: general }]);
      }
      expect((await asked('?knows=link-limits')).override.limits).toEqual({ ...limits, ...rates(11) });
    });

    it('refuse what is no rate', async () => {
      for (const lan of [null, {}, { uploadBytesPerSecond: 1 }, rates(-1), rates(0.5), { ...rates(1), hours: [] }])
        expect((await admin.put('/policies/team', { ...defaultPolicy, limits: { ...limits, lan } })).body.code).toBe('request_invalid');
    });
  });

  it('are changed by admins only, and leave a trace of what changed', async () => {
    expect((await (await team.people('restore-operator')).put('/policies/team', defaultPolicy)).status).toBe(403);
    expect((await admin.put(`/policies/devices/${crypto.randomUUID()}`, {})).body.code).toBe('device_not_found');
    expectStatus(await admin.put('/policies/team', { ...defaultPolicy, folders: ['/a'] }), 200);
    const { items } = expectStatus(await admin.get('/audit-log'), 200);
    expect(items[0]).toMatchObject({ action: 'policy.change', subject: 'team', detail: { version: 2, changed: ['folders'] } });
  });
});
