import { expect, it } from '@jest/globals';
import { ManualClock } from '#libs/kernel/testing';
import { silentLog } from '../log/agent-log.ts';
import type { WaitReason } from '../manners/wait-reason.ts';
import type { AgentRuntime } from '../runtime/agent-runtime.ts';
import { auditLimits } from './audit-limits.ts';
import { ChallengeMaker } from './challenge-maker.ts';

it('looks at most once in a while, and not at all once the device is to be left alone, though it was asked before', async () => {
  const clock = new ManualClock();
  let waits: WaitReason | null = null;
  const looks: number[] = [];
  const maker = new ChallengeMaker({
    clock,
    log: silentLog,
    manners: { waits: () => waits },
    coordinator: {
      wantedChallenges: () => {
        looks.push(clock.nowMs());
        return Promise.resolve({ packs: [], nextAfter: null });
      },
    },
  } as unknown as AgentRuntime);
  const { signal } = new AbortController();
  const startMs = clock.nowMs();
  const first = maker.run(signal);
  await clock.advance(0);
  await first;
  const second = maker.run(signal);
  await clock.advance(auditLimits.mintAtMostEveryMs);
  await second;
  expect(looks).toEqual([startMs, startMs + auditLimits.mintAtMostEveryMs]);

  const third = maker.run(signal);
  await clock.advance(auditLimits.mintAtMostEveryMs / 2);
  waits = { code: 'paused', text: 'paused', untilMs: null };
  await clock.advance(auditLimits.mintAtMostEveryMs);
  await third;
  expect(looks).toHaveLength(2);
  // What was left undone is not waited for again.
  waits = null;
  const fourth = maker.run(signal);
  await clock.advance(0);
  await fourth;
  expect(looks).toHaveLength(3);
});
