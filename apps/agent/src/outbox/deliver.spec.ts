import { describe, expect, it } from '@jest/globals';
import type { CommitSnapshot } from '#libs/contracts';
import type { CoordinatorClient } from '../coordinator-client/coordinator-client.ts';
import { deliver } from './deliver.ts';
import type { OutboxEntry } from './outbox-entry.ts';

describe('a snapshot that is told of', () => {
  const endedAtMs = 1_000_000;
  const told = async (nowMs: number): Promise<CommitSnapshot> => {
    const bodies: CommitSnapshot[] = [];
    const coordinator = { commitSnapshot: async (body: CommitSnapshot) => void bodies.push(body) } as unknown as CoordinatorClient;
    await deliver(coordinator, { kind: 'snapshot', body: { endedAtMs } } as OutboxEntry, nowMs, new AbortController().signal);
    return bodies[0]!;
  };

  it.each([
    ['at once', 0, undefined],
    ['within a minute', 60_000, undefined],
    ['after three days offline', 3 * 86_400_000, 3 * 86_400_000],
    ['by a clock that was put back', -86_400_000, undefined],
  ])('%s says how long it waited', async (_, afterMs, waitedMs) => {
    expect((await told(endedAtMs + afterMs)).waitedMs).toBe(waitedMs);
  });
});
