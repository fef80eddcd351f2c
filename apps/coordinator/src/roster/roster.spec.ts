import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Roster } from '#libs/contracts';
import { openStatement, openTeamDocument } from '#libs/crypto';
import { Database } from '../database/database.ts';
import type { TestCoordinator } from '../testing/test-coordinator.ts';
import { startTestCoordinator } from '../testing/test-coordinator.ts';
import type { TestDevice, TestTeam } from '../testing/test-team.ts';
import { foundTeam, teamOf } from '../testing/test-team.ts';
import { AddressesService } from './addresses.service.ts';
import { RosterService } from './roster.service.ts';

describe('roster', () => {
  let coordinator: TestCoordinator;
  let team: TestTeam;
  let ada: TestDevice;
  beforeAll(async () => {
    coordinator = await startTestCoordinator({ config: { roster: { addressDebounceSeconds: 3600 } } });
    team = await foundTeam(coordinator);
    ada = await team.enrol('ada');
  });
  afterAll(() => coordinator.close());

  const read = async (): Promise<Roster> => {
    const { body } = await ada.fresh().get('/agent/roster');
    const { coordinatorKey } = openTeamDocument(ada.enrolment.teamDocument, coordinator.clock.nowMs());
    return openStatement('roster', body, coordinatorKey) as Roster;
  };
  const stateOf = (roster: Roster, device: TestDevice) => roster.members.find(({ deviceId }) => deviceId === device.deviceId);

  it('grows by one with every change of its members and stays otherwise', async () => {
    const first = await read();
    expect(await read()).toEqual(first);
    const bob = await team.enrol('bob');
    const second = await read();
    expect(second.version).toBe(first.version + 1);
    const admin = await team.people('admin');
    await admin.post(`/devices/${bob.deviceId}/revoke`);
    await admin.post(`/devices/${bob.deviceId}/revoke`);
    const third = await read();
    expect(third.version).toBe(second.version + 1);
    expect(stateOf(third, bob)).toMatchObject({ state: 'revoked', addresses: [] });
  });

  it('gathers changed addresses into one version', async () => {
    const addresses = coordinator.get(AddressesService);
    const eve = await team.enrol('eve');
    const before = await read();
    await ada.beat({ addresses: ['/ip4/10.0.0.1/tcp/1', 'not an address', '/ip4/10.0.0.2/tcp/1', '/ip4/10.0.0.1/tcp/1'] });
    await eve.beat({ addresses: ['/ip4/10.0.0.9/tcp/1'] });
    expect((await read()).version).toBe(before.version);
    await addresses.flush();
    const after = await read();
    expect(after.version).toBe(before.version + 1);
    expect(stateOf(after, ada)?.addresses).toEqual(['/ip4/10.0.0.1/tcp/1', '/ip4/10.0.0.2/tcp/1']);
    await ada.beat({ addresses: ['/ip4/10.0.0.2/tcp/1', '/ip4/10.0.0.1/tcp/1'] });
    await ada.beat({ addresses: [], leaving: true });
    await addresses.flush();
    expect((await read()).version).toBe(after.version);
  });

  it('never gives a version twice, even to changes at the same moment', async () => {
    const roster = coordinator.get(RosterService);
    const start = await roster.version();
    const versions = await Promise.all(Array.from({ length: 20 }, () => roster.changed()));
    expect(versions.sort((a, b) => a - b)).toEqual(Array.from({ length: 20 }, (_, n) => start + n + 1));
  });

  it('takes a rolled-back version back with its change', async () => {
    const roster = coordinator.get(RosterService);
    const start = await roster.version();
    await expect(
      coordinator.get(Database).write(async () => {
        await roster.changed();
        throw new Error('no');
      }),
    ).rejects.toThrow('no');
    expect(await roster.version()).toBe(start);
    expect((await read()).version).toBe(start);
  });

  it('goes on from its version after a restart, addresses included', async () => {
    await ada.beat({ addresses: ['/ip4/10.0.0.77/tcp/1'] });
    const before = await coordinator.get(RosterService).version();
    coordinator = await coordinator.restart();
    team = teamOf(coordinator, team.keys, team.owner);
    // Gathered addresses are written when the coordinator stops.
    expect(await coordinator.get(RosterService).version()).toBe(before + 1);
    const fresh = await team.enrol('newcomer');
    expect(fresh.enrolment.roster.payload).not.toBe('');
    const { coordinatorKey } = openTeamDocument(fresh.enrolment.teamDocument, coordinator.clock.nowMs());
    const roster = openStatement('roster', fresh.enrolment.roster, coordinatorKey) as Roster;
    expect(roster.version).toBe(before + 2);
    expect(stateOf(roster, ada)?.addresses).toEqual(['/ip4/10.0.0.77/tcp/1']);
  });

  it('refuses to revoke itself or a device that there is not', async () => {
    const admin = await team.people('admin');
    const own = (await coordinator.get(RosterService).statement()).payload;
    const { members } = JSON.parse(Buffer.from(own, 'base64url').toString()) as Roster;
    const coordinatorId = members.find((member) => member.class === 'coordinator')!.deviceId;
    expect((await admin.post(`/devices/${coordinatorId}/revoke`)).status).toBe(404);
    expect((await admin.post('/devices/7fa6ef10-7ce4-4fa3-9ce5-5d8ac2ae3b8e/revoke')).status).toBe(404);
    expect((await admin.post('/devices/ada/revoke')).status).toBe(400);
  });
});
