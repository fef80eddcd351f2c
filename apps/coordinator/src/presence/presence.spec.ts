import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { DevicesService } from '../devices/devices.service.ts';
import type { TestCoordinator } from '../testing/test-coordinator.ts';
import { startTestCoordinator } from '../testing/test-coordinator.ts';
import type { TestTeam } from '../testing/test-team.ts';
import { aHeartbeat, foundTeam } from '../testing/test-team.ts';
import { RosterService } from '../roster/roster.service.ts';
import { PresenceService } from './presence.service.ts';

describe('presence', () => {
  let coordinator: TestCoordinator;
  let team: TestTeam;
  let presence: PresenceService;
  beforeAll(async () => {
    coordinator = await startTestCoordinator();
    team = await foundTeam(coordinator);
    presence = coordinator.get(PresenceService);
  });
  afterAll(() => coordinator.close());

  it('answers a heartbeat with what the device needs to know', async () => {
    const ada = await team.enrol('ada');
    const { status, body } = await ada.client.post('/agent/heartbeat', aHeartbeat(coordinator));
    expect(status).toBe(200);
    expect(body).toEqual({
      timeMs: coordinator.clock.nowMs(),
      rosterVersion: await coordinator.get(RosterService).version(),
      policyVersion: expect.any(Number),
      openJobs: expect.any(Number),
      intervalSeconds: 60,
    });
  });

  it('calls a device online until it missed two heartbeats and a half', async () => {
    const bob = await team.enrol('bob');
    expect(presence.isOnline(bob.deviceId)).toBe(false);
    await bob.beat();
    expect(presence.online()).toContain(bob.deviceId);
    await coordinator.clock.advance(150_000);
    expect(presence.isOnline(bob.deviceId)).toBe(true);
    await coordinator.clock.advance(1);
    expect(presence.isOnline(bob.deviceId)).toBe(false);
  });

  it('tells its listeners who arrives, goes, and comes back', async () => {
    const seen: string[] = [];
    presence.onChange((_, change) => seen.push(change));
    const eve = await team.enrol('eve');
    await eve.beat();
    await eve.beat();
    await eve.beat({ leaving: true });
    expect(presence.isOnline(eve.deviceId)).toBe(false);
    await eve.beat();
    await coordinator.clock.advance(600_000);
    await eve.beat();
    expect(seen).toEqual(['arrived', 'left', 'arrived', 'arrived']);
  });

  it('forgets a device that is revoked', async () => {
    const mallory = await team.enrol('mallory');
    await mallory.beat();
    await (await team.people('owner')).post(`/devices/${mallory.deviceId}/revoke`);
    expect(presence.isOnline(mallory.deviceId)).toBe(false);
    expect(presence.get(mallory.deviceId)).toBeUndefined();
  });

  it('refuses a heartbeat that is out of bounds', async () => {
    const zoe = await team.enrol('zoe');
    for (const over of [
      { freeBytes: -1 },
      { addresses: Array(33).fill('/ip4/1.1.1.1/tcp/1') },
      { addresses: ['/'.repeat(301)] },
      { more: 1 },
    ]) {
      expect((await zoe.client.post('/agent/heartbeat', { ...aHeartbeat(coordinator), ...over })).status).toBe(400);
    }
  });

  it('keeps what it last knew over a restart', async () => {
    const kim = await team.enrol('kim');
    await kim.beat({ heldPacks: 7, heldBytes: 2 ** 40 });
    const atMs = coordinator.clock.nowMs();
    coordinator = await coordinator.restart();
    presence = coordinator.get(PresenceService);
    expect(presence.get(kim.deviceId)).toMatchObject({ lastSeenAtMs: atMs, heldPacks: 7, heldBytes: 2 ** 40 });
    expect(await coordinator.get(DevicesService).get(kim.deviceId)).toMatchObject({ lastSeenAtMs: atMs, heldPacks: 7 });
    expect(presence.isOnline(kim.deviceId)).toBe(true);
  });
});
