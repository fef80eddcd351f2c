import { describe, expect, it } from '@jest/globals';
import { ManualClock } from '#libs/kernel/testing';
import { lookAround } from './look-around.ts';

/** How long it took where the first colleague answers after so long; undefined: nobody does. */
async function lookedMs(firstAfterMs: number | undefined): Promise<number> {
  const clock = new ManualClock();
  const startedMs = clock.nowMs();
  const swarm = {
    get foundNearby() {
      return firstAfterMs !== undefined && clock.nowMs() - startedMs >= firstAfterMs ? 1 : 0;
    },
  };
  const state = { over: false };
  const tookMs = lookAround(swarm, clock).then(() => {
    state.over = true;
    return clock.nowMs() - startedMs;
  });
  while (!state.over) await clock.advance(100);
  return tookMs;
}

describe('a look around', () => {
  it('gives everybody a moment, whoever answers first', async () => {
    expect(await lookedMs(100)).toBe(1_000);
  });

  it('waits longer for the first of them, as on a busy machine, and no longer than that', async () => {
    expect(await lookedMs(3_500)).toBe(3_500);
  });

  it('ends where nobody is', async () => {
    expect(await lookedMs(undefined)).toBe(6_000);
  });
});
