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

  it('are changed by admins only, and leave a trace of what changed', async () => {
    expect((await (await team.people('restore-operator')).put('/policies/team', defaultPolicy)).status).toBe(403);
    expect((await admin.put(`/policies/devices/${crypto.randomUUID()}`, {})).body.code).toBe('device_not_found');
    expectStatus(await admin.put('/policies/team', { ...defaultPolicy, folders: ['/a'] }), 200);
    const { items } = expectStatus(await admin.get('/audit-log'), 200);
    expect(items[0]).toMatchObject({ action: 'policy.change', subject: 'team', detail: { version: 2, changed: ['folders'] } });
  });
});
