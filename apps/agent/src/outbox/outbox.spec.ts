import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type DurableFiles, nodeFiles } from '#libs/kernel/node';
import { faultyFiles, ManualClock, memoryFolder, seededRandom } from '#libs/kernel/testing';
import { AgentError } from '../errors.ts';
import { OutboxLoop } from './outbox-loop.ts';
import type { OutboxEntry } from './outbox-entry.ts';
import { Outbox } from './outbox.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(memoryFolder(), 'holdfast-outbox-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const signal = new AbortController().signal;
const entry = (n: number): OutboxEntry => ({
  kind: 'job',
  jobId: `00000000-0000-4000-8000-${String(n).padStart(12, '0')}`,
  body: { state: 'done' },
});
const numberOf = (e: OutboxEntry): number => (e.kind === 'job' ? Number(e.jobId.slice(-12)) : -1);
const unreachable = (): AgentError => new AgentError('coordinator_unreachable', 'no answer', { status: 'temporary' });
const refused = (httpStatus: number): AgentError =>
  new AgentError('coordinator_refused', 'no', {
    status: httpStatus >= 500 || httpStatus === 429 ? 'temporary' : 'permanent',
    context: { httpStatus },
  });

/** Says how long it was asked to sleep each time: by its time alone, what the disk takes meanwhile would count, too. */
class WatchedClock extends ManualClock {
  readonly sleepsMs: number[] = [];

  override sleep(delayMs: number, signal?: AbortSignal): Promise<void> {
    this.sleepsMs.push(delayMs);
    return super.sleep(delayMs, signal);
  }
}

function opened(
  delivered: number[],
  options: { files?: DurableFiles; failWith?: (n: number) => Error | undefined; rejected?: unknown[] } = {},
): Promise<Outbox> {
  return Outbox.open({
    files: options.files ?? nodeFiles,
    folder,
    deliver: async (e) => {
      const failure = options.failWith?.(numberOf(e));
      if (failure) throw failure;
      delivered.push(numberOf(e));
    },
    onRejected: (e) => options.rejected?.push(e),
  });
}

describe('Outbox', () => {
  it('delivers in order, also what was put before a restart', async () => {
    const delivered: number[] = [];
    const first = await opened(delivered);
    for (const n of [1, 2, 3]) await first.put(entry(n));
    const second = await opened(delivered);
    await second.put(entry(4));
    await second.flush(signal);
    expect(delivered).toEqual([1, 2, 3, 4]);
    expect(await readdir(folder)).toEqual([]);
  });

  it('keeps everything in its order while the coordinator is away', async () => {
    const delivered: number[] = [];
    let away = true;
    const outbox = await opened(delivered, { failWith: () => (away ? unreachable() : undefined) });
    for (const n of [1, 2, 3]) await outbox.put(entry(n));
    await expect(outbox.flush(signal)).rejects.toMatchObject({ code: 'coordinator_unreachable' });
    expect([delivered, outbox.waiting]).toEqual([[], 3]);
    away = false;
    await outbox.flush(signal);
    expect([delivered, outbox.waiting]).toEqual([[1, 2, 3], 0]);
  });

  it.each([
    [404, [1, 3], 1],
    [409, [1, 3], 1],
    [422, [1, 3], 1],
  ])('an entry refused with %i is put aside and the rest goes on', async (status, expected, aside) => {
    const delivered: number[] = [];
    const rejected: unknown[] = [];
    const outbox = await opened(delivered, { failWith: (n) => (n === 2 ? refused(status) : undefined), rejected });
    for (const n of [1, 2, 3]) await outbox.put(entry(n));
    await outbox.flush(signal);
    expect(delivered).toEqual(expected);
    expect([rejected.length, (await readdir(join(folder, 'rejected'))).length]).toEqual([aside, aside]);
  });

  it.each([401, 403, 429, 500, 503])('an answer of %i keeps it waiting', async (status) => {
    const outbox = await opened([], { failWith: () => refused(status) });
    await outbox.put(entry(1));
    await expect(outbox.flush(signal)).rejects.toMatchObject({ code: 'coordinator_refused' });
    expect(outbox.waiting).toBe(1);
  });

  it('puts a file aside that can not be read as an entry', async () => {
    await writeFile(join(folder, '000000000001.json'), '{"kind":"nonsense"}');
    const delivered: number[] = [];
    const outbox = await opened(delivered);
    await outbox.put(entry(7));
    await outbox.flush(signal);
    expect(delivered).toEqual([7]);
  });

  it('goes on where an entry is gone from the disk, and says so', async () => {
    const [delivered, rejected]: [number[], unknown[]] = [[], []];
    const outbox = await opened(delivered, { rejected });
    for (const n of [1, 2, 3]) await outbox.put(entry(n));
    await rm(join(folder, '000000000002.json'));
    await outbox.flush(signal);
    expect(delivered).toEqual([1, 3]);
    expect(rejected).toEqual([undefined]);
  });

  it('loses nothing and changes no order when killed at any step', async () => {
    for (const killHow of ['before', 'torn', 'after'] as const) {
      for (let killAt = 1; ; killAt += 1) {
        await rm(folder, { recursive: true, force: true });
        const acknowledged: number[] = [];
        const delivered: number[] = [];
        const files = faultyFiles(nodeFiles, { killAt, killHow });
        let survived = false;
        try {
          const outbox = await opened(delivered, { files });
          for (const n of [1, 2]) {
            await outbox.put(entry(n));
            acknowledged.push(n);
          }
          await outbox.flush(signal);
          await outbox.put(entry(3));
          acknowledged.push(3);
          await outbox.flush(signal);
          survived = true;
        } catch {
          // The process died here; the next one goes on.
        }
        const next = await opened(delivered);
        await next.flush(signal);
        // At least once, and the first deliveries in order.
        const firsts = [...new Set(delivered)];
        expect(firsts).toEqual([...firsts].sort((a, b) => a - b));
        for (const n of acknowledged) expect(delivered).toContain(n);
        if (survived) break;
      }
    }
  });

  it('a full disk fails the put and nothing else', async () => {
    const delivered: number[] = [];
    const files = faultyFiles(nodeFiles, { fullAt: 2 });
    const outbox = await opened(delivered, { files });
    await outbox.put(entry(1));
    await expect(outbox.put(entry(2))).rejects.toMatchObject({ code: 'disk_full' });
    files.freeSpace();
    await outbox.put(entry(3));
    await outbox.flush(signal);
    expect(delivered).toEqual([1, 3]);
  });

  it('is retried with growing delays until the coordinator is back', async () => {
    const clock = new WatchedClock();
    const delivered: number[] = [];
    let tries = 0;
    const outbox = await opened(delivered, { failWith: () => ((tries += 1) <= 5 ? unreachable() : undefined) });
    await outbox.put(entry(1));
    const stop = new AbortController();
    const ended = new OutboxLoop(outbox, { clock, random: seededRandom(2), onFailure: () => undefined }).runUntilStopped(stop.signal);
    while (delivered.length === 0) {
      await clock.advance(500);
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
    expect([tries, clock.sleepsMs.length]).toEqual([6, 5]);
    expect(clock.sleepsMs.at(-1)!).toBeGreaterThan(clock.sleepsMs[0]!);
    stop.abort();
    await ended;
  });

  it('is tried again at once when the coordinator is heard, even in the middle of a try, and then waits briefly again', async () => {
    const clock = new WatchedClock();
    const delivered: number[] = [];
    let away = true;
    const tries: number[] = [];
    const outbox = await opened(delivered, {
      failWith: () => {
        tries.push(clock.nowMs());
        // Heard while this very try was failing.
        if (tries.length === 8) loop.hurry();
        return away ? unreachable() : undefined;
      },
    });
    const loop = new OutboxLoop(outbox, { clock, random: seededRandom(2), onFailure: () => undefined });
    const turn = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 5));
    await outbox.put(entry(1));
    const stop = new AbortController();
    const ended = loop.runUntilStopped(stop.signal);
    while (tries.length < 7) {
      await clock.advance(1000);
      await turn();
    }
    while (clock.sleepsMs.length < 7) await turn();
    // The seventh has failed, and a minute or half of it is to be waited by now.
    await clock.advance(5000);
    for (let n = 0; n < 20; n += 1) await turn();
    expect(tries).toHaveLength(7);
    const heardAtMs = clock.nowMs();
    loop.hurry();
    while (tries.length < 9) await turn();
    expect(tries.slice(7)).toEqual([heardAtMs, heardAtMs]);
    // Nobody hurries any more, and the delays begin anew, with one of a second at most.
    away = false;
    while (clock.sleepsMs.length < 9) await turn();
    for (let n = 0; n < 20; n += 1) await turn();
    expect(delivered).toEqual([]);
    expect(clock.sleepsMs.at(-1)!).toBeLessThanOrEqual(1000);
    await clock.advance(1000);
    while (delivered.length === 0) await turn();
    expect(tries.slice(9)).toEqual([heardAtMs + 1000]);
    stop.abort();
    await ended;
  });
});
