import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { Job, JobReport } from '#libs/contracts';
import type { DeviceId } from '#libs/kernel';
import { systemClock } from '#libs/kernel';
import { certificatePin } from '../coordinator-client/certificate-pin.ts';
import { CoordinatorClient } from '../coordinator-client/coordinator-client.ts';
import { AgentError } from '../errors.ts';
import { silentLog } from '../log/agent-log.ts';
import type { AgentRuntime } from '../runtime/agent-runtime.ts';
import { ScriptedCoordinator } from '../testing/scripted-coordinator.ts';
import { type JobHandlers, JobRunner } from './job-runner.ts';

const deviceId = '00000000-0000-4000-8000-000000000001' as DeviceId;
const owner = '00000000-0000-4000-8000-000000000002';
const jobId = (n: number): string => `10000000-0000-4000-8000-${String(n).padStart(12, '0')}`;
const aReplicateJob = (n: number, state: Job['state'] = 'open'): Job =>
  ({
    jobId: jobId(n),
    state,
    attempt: 0,
    createdAtMs: 0,
    expiresAtMs: 0,
    task: {
      kind: 'replicate',
      vaultId: 'ab'.repeat(16),
      ownerDeviceId: owner,
      packId: `b${'a'.repeat(58)}`,
      packKind: 'data',
      sizeBytes: 10,
      generation: 0,
      sources: [owner],
      reason: 'placement',
    },
  }) as Job;

let coordinator: ScriptedCoordinator;
let client: CoordinatorClient;
let offered: Job[];
let ended: { jobId: string; body: JobReport }[];
let stop: AbortController;

beforeEach(async () => {
  coordinator = await ScriptedCoordinator.start();
  client = new CoordinatorClient({
    url: coordinator.url,
    check: certificatePin(coordinator.pin),
    deviceId,
    signChallenge: () => 's'.repeat(86),
    clock: systemClock,
  });
  offered = [];
  ended = [];
  stop = new AbortController();
  coordinator.script = (r) => {
    if (r.method === 'GET' && r.path.endsWith('/jobs')) return { body: offered };
    return r.method === 'POST' && r.path.includes('/jobs/') ? { body: {} } : undefined;
  };
});
afterEach(async () => {
  stop.abort(new DOMException('stop', 'AbortError'));
  client.close();
  await coordinator.stop();
});

function runner(handlers: Partial<JobHandlers>, mayStart?: () => boolean): JobRunner {
  const missing = (): Promise<never> => Promise.reject(new Error('not expected'));
  const agent = {
    coordinator: client,
    clock: systemClock,
    log: silentLog,
    outbox: { put: async (entry: { jobId: string; body: JobReport }) => void ended.push(entry) },
  } as unknown as AgentRuntime;
  return new JobRunner(agent, { backup: missing, replicate: missing, restore: missing, ...handlers }, mayStart);
}

describe('JobRunner', () => {
  it('takes a job, renews nothing needlessly, and reports its end through the outbox', async () => {
    offered = [aReplicateJob(1)];
    const jobs = runner({ replicate: async () => ({ summary: { ok: true } }) });
    await jobs.poll(stop.signal);
    await jobs.idle();
    expect(ended).toEqual([{ kind: 'job', jobId: jobId(1), body: { state: 'done', summary: { ok: true } } }]);
    while (coordinator.requests(`/jobs/${jobId(1)}`).length === 0) await new Promise((resolve) => setTimeout(resolve, 5));
    expect(coordinator.requests(`/jobs/${jobId(1)}`)[0]?.body).toEqual({ state: 'taken' });
  });

  it('never does a job twice at once, and answers one that ended again the same way', async () => {
    offered = [aReplicateJob(1)];
    let done = 0;
    const gate = Promise.withResolvers<void>();
    const jobs = runner({
      replicate: async () => {
        done += 1;
        await gate.promise;
        return {};
      },
    });
    await Promise.all([jobs.poll(stop.signal), jobs.poll(stop.signal)]);
    offered = [aReplicateJob(1, 'taken')];
    await jobs.poll(stop.signal);
    gate.resolve();
    await jobs.idle();
    await jobs.poll(stop.signal);
    expect(done).toBe(1);
    expect(ended.map((e) => e.body.state)).toEqual(['done', 'done']);
  });

  it('runs two transfers at a time and goes on with the others by itself', async () => {
    offered = [1, 2, 3, 4, 5].map((n) => aReplicateJob(n));
    let running = 0;
    let most = 0;
    const jobs = runner({
      replicate: async () => {
        most = Math.max(most, (running += 1));
        await new Promise((resolve) => setImmediate(resolve));
        running -= 1;
        return {};
      },
    });
    await jobs.poll(stop.signal);
    while (ended.length < 5) await jobs.idle();
    expect(most).toBe(2);
    expect(ended.map((e) => e.jobId).sort()).toEqual([1, 2, 3, 4, 5].map(jobId));
  });

  it.each([
    [
      'a refusal',
      new AgentError('pledge_exceeded', 'over the pledge'),
      { state: 'failed', code: 'pledge_exceeded', message: 'over the pledge', retry: false },
    ],
    [
      'a passing trouble',
      new AgentError('store_full', 'full', { status: 'temporary' }),
      { state: 'failed', code: 'store_full', message: 'full', retry: true },
    ],
    ['a defect', new TypeError('x is undefined'), { state: 'failed', code: 'internal', message: 'x is undefined', retry: false }],
  ])('reports %s with its code', async (_name, error, report) => {
    offered = [aReplicateJob(1)];
    const jobs = runner({ replicate: () => Promise.reject(error) });
    await jobs.poll(stop.signal);
    await jobs.idle();
    expect(ended).toEqual([{ kind: 'job', jobId: jobId(1), body: report }]);
  });

  it('reports nothing when it is stopped: the job comes again', async () => {
    offered = [aReplicateJob(1)];
    const jobs = runner({
      replicate: (_task, { signal }) =>
        new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(signal.reason as Error))),
    });
    await jobs.poll(stop.signal);
    stop.abort(new DOMException('stop', 'AbortError'));
    await jobs.idle();
    expect(ended).toEqual([]);
  });

  it('leaves a job untaken that may not start now, and starts it at a later look', async () => {
    offered = [aReplicateJob(1)];
    let may = false;
    const jobs = runner({ replicate: async () => ({}) }, () => may);
    await jobs.poll(stop.signal);
    await jobs.idle();
    expect([ended.length, coordinator.requests(`/jobs/${jobId(1)}`).length]).toEqual([0, 0]);
    may = true;
    await jobs.poll(stop.signal);
    await jobs.idle();
    expect(ended.map((e) => e.body.state)).toEqual(['done']);
  });

  it.each(['done', 'failed', 'expired', 'cancelled'] as const)('leaves a job alone that is %s', async (state) => {
    offered = [aReplicateJob(1, state)];
    const jobs = runner({});
    await jobs.poll(stop.signal);
    expect([jobs.running, ended.length]).toEqual([0, 0]);
  });
});
