import { beforeEach, describe, expect, it } from '@jest/globals';
import { ManualClock } from '#libs/kernel/testing';
import { silentLog } from '../log/agent-log.ts';
import { Manners } from '../manners/manners.ts';
import type { AgentRuntime } from '../runtime/agent-runtime.ts';
import { auditLimits } from './audit-limits.ts';
import { ChallengeMaker } from './challenge-maker.ts';

const often = auditLimits.mintAtMostEveryMs;

describe('who makes challenges', () => {
  let clock: ManualClock;
  let manners: Manners;
  let backups: { isRunning: boolean };
  let looks: number[];
  let maker: ChallengeMaker;
  let startMs: number;
  const { signal } = new AbortController();

  beforeEach(async () => {
    clock = new ManualClock();
    startMs = clock.nowMs();
    looks = [];
    backups = { isRunning: false };
    manners = await Manners.open({
      clock,
      file: { read: async () => undefined, write: async () => undefined } as never,
      costs: () => Promise.reject(new Error('not asked')),
      rosterConfirmedAtMs: () => clock.nowMs(),
      rpoDueAtMs: () => null,
    });
    maker = new ChallengeMaker({
      ...{ clock, manners, backups, log: silentLog },
      coordinator: {
        wantedChallenges: () => {
          looks.push(clock.nowMs() - startMs);
          return Promise.resolve({ packs: [], nextAfter: null });
        },
      },
    } as unknown as AgentRuntime);
  });

  /** Whether it has come to its end by then. */
  const isOver = async (run: Promise<void>, afterMs: number): Promise<boolean> => {
    let over = false;
    void run.then(() => (over = true));
    await new Promise((resolve) => setImmediate(resolve));
    await clock.advance(0);
    for (let passed = 0; passed < afterMs; passed += often / 4) await clock.advance(often / 4);
    for (let turn = 0; turn < 5; turn += 1) await new Promise((resolve) => setImmediate(resolve));
    return over;
  };

  it('looks at most once in a while', async () => {
    expect(await isOver(maker.run(signal), 0)).toBe(true);
    expect(await isOver(maker.run(signal), often)).toBe(true);
    expect(looks).toEqual([0, often]);
  });

  it('leaves a paused device alone, and makes up for it when the pause ends, though nobody asks again', async () => {
    expect(await isOver(maker.run(signal), 0)).toBe(true);
    const second = maker.run(signal);
    expect(await isOver(second, often / 2)).toBe(false);
    // While it waits for its turn.
    await manners.pause(60 * often);
    expect(await isOver(second, 59 * often)).toBe(false);
    expect(looks).toEqual([0]);
    expect(await isOver(second, 2 * often)).toBe(true);
    expect(looks).toHaveLength(2);

    await manners.pause();
    const third = maker.run(signal);
    expect(await isOver(third, 5 * often)).toBe(false);
    await manners.resume();
    expect(await isOver(third, often)).toBe(true);
    expect(looks).toHaveLength(3);
  });

  it('waits for the end of a backup', async () => {
    backups.isRunning = true;
    const run = maker.run(signal);
    expect(await isOver(run, 10 * often)).toBe(false);
    backups.isRunning = false;
    expect(await isOver(run, often)).toBe(true);
    expect(looks).toHaveLength(1);
  });

  it('ends with the daemon', async () => {
    await manners.pause();
    const stopping = new AbortController();
    const run = maker.run(stopping.signal);
    stopping.abort(new Error('the daemon stops'));
    await expect(run).rejects.toThrow('the daemon stops');
  });
});
