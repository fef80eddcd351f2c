import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { newBoxKeyPair, newMasterKey, newSigningKeyPair } from '#libs/crypto';
import { nodeCryptoReady, nodePrimitives } from '#libs/crypto/node';
import { backup, LocalVault } from '#libs/engine';
import { systemClock, systemRandom } from '#libs/kernel';
import { nodeFiles } from '#libs/kernel/node';
import { FilePackStore } from '#libs/swarm';
import { AgentError } from '../errors.ts';
import { silentLog } from '../log/agent-log.ts';
import type { AgentRuntime } from '../runtime/agent-runtime.ts';
import { forgetByPolicy } from './forget-by-policy.ts';

type Word = () => Promise<{ snapshots: readonly { sequence: number; receivedAtMs: number; pinned: boolean }[] }>;
const signal = new AbortController().signal;
let home: string;
let vault: LocalVault;

beforeEach(async () => {
  await nodeCryptoReady();
  home = mkdtempSync(join(tmpdir(), 'holdfast-forget-'));
  const source = join(home, 'source');
  mkdirSync(source);
  writeFileSync(join(source, 'note'), 'mine');
  vault = await LocalVault.create({
    ...{ files: nodeFiles, folder: join(home, 'vault'), store: await FilePackStore.open(join(home, 'own')), primitives: nodePrimitives() },
    ...{ masterKey: newMasterKey(systemRandom), signingKeyPair: newSigningKeyPair(systemRandom) },
    slots: [{ kind: 'recovery', publicKey: newBoxKeyPair(systemRandom).publicKey, label: 'test' }],
  });
  for (let i = 0; i < 3; i += 1) await backup({ vault, folders: [source], host: 'h', user: 'u' });
});

afterEach(async () => {
  await vault.close();
  rmSync(home, { recursive: true, force: true });
});

/** A machine whose policy keeps the last one. */
function agentWith(retention: Word): AgentRuntime {
  const rules = { last: 1, hourly: 0, daily: 0, weekly: 0, monthly: 0, yearly: 0, withinDays: 0, tags: [] };
  return {
    ...{ clock: systemClock, log: silentLog, coordinator: { retention } },
    policy: { effective: { retention: rules, schedule: { timeZone: 'UTC' } } },
    reporter: { reconcile: async () => undefined },
  } as unknown as AgentRuntime;
}

const kept = (): number[] => vault.head.snapshots.map(({ sequence }) => sequence);

describe('what the policy forgets at night', () => {
  it('is nothing while nobody can say what is pinned in the panel', async () => {
    const away: Word = () => Promise.reject(new AgentError('coordinator_unreachable', 'no answer', { status: 'temporary' }));
    expect(await forgetByPolicy(agentWith(away), vault, signal)).toEqual([]);
    expect(kept()).toEqual([1, 2, 3]);
  });

  it('is what no rule keeps and nobody pinned, in the panel or here', async () => {
    const row = (sequence: number) => ({ sequence, receivedAtMs: sequence * 1_000, pinned: sequence === 1 });
    expect(
      await forgetByPolicy(
        agentWith(async () => ({ snapshots: [1, 2, 3].map(row) })),
        vault,
        signal,
      ),
    ).toEqual([2]);
    expect(kept()).toEqual([1, 3]);
  });
});
