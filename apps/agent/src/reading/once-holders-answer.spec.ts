import { describe, expect, it } from '@jest/globals';
import { AppError, type Clock } from '#libs/kernel';
import { onceHoldersAnswer } from './once-holders-answer.ts';

const away = new AppError('source_unavailable', 'nobody answers', { status: 'temporary' });
const gone = new AppError('pack_not_found', 'nobody has it', { status: 'permanent' });

function setUp(outcomes: readonly (AppError<string> | string)[]) {
  const slept: number[] = [];
  const asked: boolean[] = [];
  const clock: Clock = { nowMs: () => 0, sleep: async (ms, signal) => (signal?.throwIfAborted(), void slept.push(ms)) };
  const stop = new AbortController();
  const opened = onceHoldersAnswer(clock, stop.signal, async (isLast) => {
    asked.push(isLast);
    const outcome = outcomes[Math.min(asked.length, outcomes.length) - 1]!;
    if (typeof outcome !== 'string') throw outcome;
    if (outcome === 'stop') stop.abort(new DOMException('enough', 'AbortError'));
    if (outcome === 'stop') throw away;
    return outcome;
  });
  return { opened, slept, asked };
}

describe('opening a vault while holders come back', () => {
  it('tries again after growing rests until somebody answers', async () => {
    const { opened, slept, asked } = setUp([away, away, 'open']);
    expect(await opened).toBe('open');
    expect(slept).toEqual([500, 1000]);
    expect(asked).toEqual([false, false, false]);
  });

  it('makes do with what can be had when nobody answers for a quarter of a minute', async () => {
    const { opened, slept, asked } = setUp([away]);
    await expect(opened).rejects.toBe(away);
    expect(slept.reduce((a, b) => a + b)).toBe(15_500);
    expect(asked).toEqual([false, false, false, false, false, true]);
  });

  it('waits for nothing that would not pass', async () => {
    const { opened, slept, asked } = setUp([gone, 'salvaged']);
    expect(await opened).toBe('salvaged');
    expect(slept).toEqual([]);
    expect(asked).toEqual([false, true]);
  });

  it('stops when it is told to', async () => {
    const { opened, asked } = setUp(['stop']);
    await expect(opened).rejects.toMatchObject({ name: 'AbortError' });
    expect(asked).toEqual([false]);
  });
});
