import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { Database } from '../database/database.ts';
import { SseReader } from '../testing/sse-reader.ts';
import type { TestCoordinator } from '../testing/test-coordinator.ts';
import { startTestCoordinator } from '../testing/test-coordinator.ts';
import type { TestClient } from '../testing/test-client.ts';
import type { TestDevice, TestTeam } from '../testing/test-team.ts';
import { foundTeam } from '../testing/test-team.ts';
import { EventsService } from './events.service.ts';

describe('event streams over HTTPS', () => {
  let coordinator: TestCoordinator;
  let origin: string;
  let team: TestTeam;
  let ada: TestDevice;
  let events: EventsService;
  const open: SseReader[] = [];
  beforeAll(async () => {
    coordinator = await startTestCoordinator();
    origin = await coordinator.listen();
    team = await foundTeam(coordinator);
    ada = await team.enrol('ada');
    events = coordinator.get(EventsService);
  });
  afterEach(() => open.splice(0).forEach((reader) => reader.close()));
  afterAll(() => coordinator.close());

  const read = async (path: string, { headers }: TestClient): Promise<SseReader> => {
    const reader = await SseReader.open(origin, path, headers);
    open.push(reader);
    return reader;
  };

  it('greets a device, then sends it what concerns it', async () => {
    const reader = await read('/agent/events', ada.fresh());
    expect(reader.status).toBe(200);
    expect(reader.headers['content-type']).toContain('text/event-stream');
    expect(reader.headers['x-request-id']).toBeDefined();
    await reader.until(/event: hello\ndata: \{.*"timeMs":\d+\}\n\n/);
    expect(events.isAgentConnected(ada.deviceId)).toBe(true);
    events.publishAgent(ada.deviceId, { event: 'jobs' });
    await reader.until(/event: jobs\n/);
    await team.enrol('bob');
    await reader.until(/event: roster\ndata: \{.*"version":\d+\}/);
    events.keepAlive();
    await reader.until(/^: keep-alive$/m);
  });

  it('sends a hint when its change is committed, and none for one that was rolled back', async () => {
    const reader = await read('/agent/events', ada.fresh());
    await reader.until(/hello/);
    const database = coordinator.get(Database);
    await database
      .write(async () => {
        events.publishAgent(ada.deviceId, { event: 'jobs' });
        throw new Error('no');
      })
      .catch(() => undefined);
    await database.write(async () => events.publishAgent(ada.deviceId, { event: 'receipts' }));
    await reader.until(/receipts/);
    expect(reader.text).not.toContain('jobs');
  });

  it('lets a device come back: the new channel replaces the old one', async () => {
    const first = await read('/agent/events', ada.fresh());
    await first.until(/hello/);
    const second = await read('/agent/events', ada.fresh());
    await second.until(/hello/);
    await first.ended();
    events.publishAgent(ada.deviceId, { event: 'jobs' });
    await second.until(/jobs/);
    expect(first.text).not.toContain('jobs');
    expect(events.openStreams.agents).toBe(1);
  });

  it('closes the channel of a device at its revocation and refuses the next', async () => {
    const eve = await team.enrol('eve');
    const reader = await read('/agent/events', eve.fresh());
    await reader.until(/hello/);
    await (await team.people('owner')).post(`/devices/${eve.deviceId}/revoke`);
    await reader.ended();
    expect((await read('/agent/events', eve.fresh())).status).toBe(403);
  });

  it('tells panels what changed', async () => {
    const auditor = await team.people('auditor');
    const reader = await read('/events', auditor);
    expect(reader.status).toBe(200);
    await team.joinLink();
    await reader.until(/event: join-links\ndata: \{"event":"join-links"\}/);
  });

  it('closes a panel’s stream when its session ends, by sign-out or by time', async () => {
    const [leaving, staying] = [await team.people('admin'), await team.people('admin')];
    const [one, two] = [await read('/events', leaving), await read('/events', staying)];
    await one.until(/retry/);
    await two.until(/retry/);
    await leaving.delete('/session');
    await one.ended();
    events.keepAlive();
    await two.until(/keep-alive/);
    await coordinator.clock.advance(43_200_000);
    events.keepAlive();
    await two.ended();
  });

  it('closes a panel’s stream when its account is removed', async () => {
    const owner = await team.people('owner');
    const reader = await read('/events', await team.people('restore-operator'));
    await reader.until(/retry/);
    const { body } = await owner.get('/accounts');
    const { userId } = body.find(({ role }: { role: string }) => role === 'restore-operator');
    expect((await owner.delete(`/accounts/${userId}`)).status).toBe(204);
    await reader.ended();
  });

  it('ends every stream when the coordinator stops', async () => {
    const other = await startTestCoordinator();
    const at = await other.listen();
    const theirs = await foundTeam(other);
    const device = await theirs.enrol('kim');
    const reader = await SseReader.open(at, '/agent/events', device.fresh().headers);
    await reader.until(/hello/);
    await other.close();
    await reader.ended();
  });
});
