import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import type { DeviceId } from '#libs/kernel';
import { Database } from '../database/database.ts';
import { SchedulesService } from '../schedules/schedules.service.ts';
import { expectStatus } from '../testing/fake-agent.ts';
import type { StorageTeam } from '../testing/storage-team.ts';
import { startStorageTeam } from '../testing/storage-team.ts';
import { RunEntity } from './run.entity.ts';
import { RUN_RETENTION } from './run-retention.service.ts';

const day = 86_400_000;

describe('backup runs', () => {
  let storage: StorageTeam;
  let nowMs: number;
  beforeEach(async () => {
    storage = await startStorageTeam(2);
    nowMs = storage.coordinator.clock.nowMs();
  });
  afterEach(() => storage.close());

  const aRun = (deviceId: DeviceId, startedAtMs: number): RunEntity => ({
    ...{ runId: randomUUID(), deviceId, trigger: 'schedule', state: 'captured', startedAtMs, endedAtMs: startedAtMs + 1, filesDone: 1 },
    ...{ bytesDone: 1, snapshotSequence: null, errorCode: null, errorMessage: null, fileErrors: 0 },
  });
  const add = (runs: readonly RunEntity[]): Promise<void> =>
    storage.coordinator.get(Database).write(async (manager) => {
      for (let at = 0; at < runs.length; at += 60) await manager.insert(RunEntity, runs.slice(at, at + 60));
    });
  const startsOf = async (deviceId: DeviceId): Promise<number[]> =>
    (await storage.coordinator.get(Database).read.find(RunEntity, { where: { deviceId }, order: { startedAtMs: 'ASC' } })).map(
      (run) => run.startedAtMs,
    );

  it('older than a year and a month are forgotten over night, but for the newest of each device', async () => {
    const [busy, away] = storage.agents.map((agent) => agent.device.deviceId) as [DeviceId, DeviceId];
    // Three a day for four years, some at the very same moment; and a device that was last seen long ago.
    const starts = Array.from({ length: 4 * 365 * 3 }, (_, n) => nowMs - Math.floor(n / 3) * day - 1);
    const early = Array.from({ length: 30 }, (_, n) => nowMs - 3 * 365 * day - n * day);
    await add([...starts.map((at) => aRun(busy, at)), ...early.map((at) => aRun(away, at))]);
    expect(await storage.coordinator.get(SchedulesService).runNow(RUN_RETENTION)).toBe('done');
    const left = await startsOf(busy);
    expect(left).toEqual(starts.filter((at) => at >= nowMs - 400 * day).toReversed());
    expect(await startsOf(away)).toEqual(early.slice(0, 20).toReversed());
    // What screens show is as before: last night, and the device's page.
    expect(expectStatus(await storage.admin.get(`/devices/${busy}/runs`), 200)).toMatchObject({ total: left.length });
    expect(expectStatus(await storage.admin.get(`/devices/${away}`), 200).runs).toHaveLength(20);
    expect(expectStatus(await storage.admin.get('/overview'), 200).lastNight).toMatchObject([{ deviceId: busy }]);
    // Again: nothing more to do.
    await storage.coordinator.get(SchedulesService).runNow(RUN_RETENTION);
    expect(await startsOf(busy)).toEqual(left);
  });
});
