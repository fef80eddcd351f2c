import { describe, expect, it } from '@jest/globals';
import { ManualClock } from '#libs/kernel/testing';
import { HolderPatience } from './holder-patience.ts';

/** A block that comes after so long, or fails when it is stopped. */
function blockAfter(clock: ManualClock, ms: number): { stop: AbortController; block: Promise<string> } {
  const stop = new AbortController();
  return { stop, block: clock.sleep(ms, stop.signal).then(() => 'block') };
}

describe('HolderPatience', () => {
  const wait = async (clock: ManualClock, patience: HolderPatience, ms: number, advanceMs: number): Promise<string> => {
    const { stop, block } = blockAfter(clock, ms);
    const outcome = patience.within('holder 1', stop, block).catch((error: { code: string }) => error.code);
    for (let at = 0; at < advanceMs; at += 500) await clock.advance(500);
    return outcome;
  };

  it('gives up what takes too long, and stops it', async () => {
    const clock = new ManualClock();
    expect(await wait(clock, new HolderPatience(clock), 60_000, 11_000)).toBe('transfer_stalled');
  });

  it('is shorter where blocks come quickly, and longer where all are slow', async () => {
    const clock = new ManualClock();
    const patience = new HolderPatience(clock);
    for (let n = 0; n < 5; n += 1) expect(await wait(clock, patience, 500, 500)).toBe('block');
    expect(patience.limitMs).toBe(4_000);
    expect(await wait(clock, patience, 60_000, 4_500)).toBe('transfer_stalled');
    const slow = new HolderPatience(clock);
    expect(await wait(clock, slow, 8_000, 8_000)).toBe('block');
    expect(await wait(clock, slow, 30_000, 30_000)).toBe('block');
  });
});
