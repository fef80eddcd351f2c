import { planRetention, type RetainedSnapshot, type RetentionPlan, type RetentionRules } from '#libs/durability';
import type { LocalVault } from '#libs/engine';
import type { Snapshot } from '#libs/vault';
import type { AgentRuntime } from '../runtime/agent-runtime.ts';

export interface VaultRetention {
  readonly plan: RetentionPlan;
  /** By the vault's head, or by the coordinator. */
  readonly pinned: ReadonlySet<number>;
  readonly snapshots: ReadonlyMap<number, Snapshot>;
  /** False: the coordinator could not be asked, so what is pinned only there is not known. */
  readonly pinsKnown: boolean;
}

/** A coordinator that does not answer by then is done without. */
const patienceMs = 10_000;

/**
 * Which snapshots of this machine's vault the rules keep. Where the coordinator can be asked, the times at which it received them decide, not this
 * machine's clock, and what is pinned there is pinned.
 */
export async function retentionOfVault(
  agent: AgentRuntime,
  vault: LocalVault,
  rules: RetentionRules,
  signal: AbortSignal,
): Promise<VaultRetention> {
  const { reader } = await vault.openReader();
  const snapshots = new Map<number, Snapshot>();
  for await (const snapshot of reader.snapshots({ signal })) snapshots.set(snapshot.sequence, snapshot);
  const word = await coordinatorsWord(agent, signal);
  const received = word ?? new Map<number, Received>();
  const pinned = new Set([...(reader.head.pinned ?? []), ...[...received].filter(([, one]) => one.pinned).map(([sequence]) => sequence)]);
  const retained = [...snapshots.values()].map((snapshot): RetainedSnapshot => ({
    sequence: snapshot.sequence,
    deviceTimeMs: snapshot.endedAtMs,
    receivedAtMs: received.get(snapshot.sequence)?.receivedAtMs,
    group: groupOf(snapshot),
    partial: snapshot.partial,
    pinned: pinned.has(snapshot.sequence),
    tags: snapshot.tags,
  }));
  const { timeZone } = agent.policy.effective.schedule;
  return {
    plan: planRetention(retained, rules, { nowMs: agent.clock.nowMs(), timeZone }),
    pinned,
    snapshots,
    pinsKnown: word !== undefined,
  };
}

interface Received {
  readonly receivedAtMs: number;
  readonly pinned: boolean;
}

/** What the coordinator knows of this machine's snapshots, by sequence; undefined when it can't be asked. */
async function coordinatorsWord(agent: AgentRuntime, signal: AbortSignal): Promise<Map<number, Received> | undefined> {
  try {
    const { snapshots } = await agent.coordinator.retention(AbortSignal.any([signal, AbortSignal.timeout(patienceMs)]));
    return new Map(snapshots.map(({ sequence, receivedAtMs, pinned }) => [sequence, { receivedAtMs, pinned }]));
  } catch {
    signal.throwIfAborted();
    return undefined;
  }
}

/** Snapshots of everything that this machine is to back up are one group (''), whatever its folders were; those of named paths one for each set. */
export function groupOf(snapshot: Pick<Snapshot, 'adHoc' | 'roots'>): string {
  return snapshot.adHoc ? snapshot.roots.map(({ path }) => Buffer.from(path).toString('latin1')).join('\0') : '';
}
