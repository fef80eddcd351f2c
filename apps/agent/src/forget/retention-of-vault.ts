import { planRetention, type RetainedSnapshot, type RetentionPlan, type RetentionRules } from '#libs/durability';
import type { LocalVault } from '#libs/engine';
import type { Snapshot } from '#libs/vault';
import type { AgentRuntime } from '../runtime/agent-runtime.ts';

export interface VaultRetention {
  readonly plan: RetentionPlan;
  readonly snapshots: ReadonlyMap<number, Snapshot>;
}

/**
 * Which snapshots of this machine's vault the rules keep. `receivedAtMs`: when the coordinator got a snapshot, where that is known; its
 * clock then decides, not this machine's.
 */
export async function retentionOfVault(
  agent: AgentRuntime,
  vault: LocalVault,
  rules: RetentionRules,
  signal: AbortSignal,
  receivedAtMs: ReadonlyMap<number, number> = new Map(),
): Promise<VaultRetention> {
  const { reader } = await vault.openReader();
  const snapshots = new Map<number, Snapshot>();
  for await (const snapshot of reader.snapshots({ signal })) snapshots.set(snapshot.sequence, snapshot);
  const pinned = new Set(reader.head.pinned);
  const retained = [...snapshots.values()].map((snapshot): RetainedSnapshot => ({
    sequence: snapshot.sequence,
    deviceTimeMs: snapshot.endedAtMs,
    receivedAtMs: receivedAtMs.get(snapshot.sequence),
    group: groupOf(snapshot),
    partial: snapshot.partial,
    pinned: pinned.has(snapshot.sequence),
    tags: snapshot.tags,
  }));
  const { timeZone } = agent.policy.effective.schedule;
  return { plan: planRetention(retained, rules, { nowMs: agent.clock.nowMs(), timeZone }), snapshots };
}

/** Snapshots of everything that this machine is to back up are one group (''), whatever its folders were; those of named paths one for each set. */
export function groupOf(snapshot: Pick<Snapshot, 'adHoc' | 'roots'>): string {
  return snapshot.adHoc ? snapshot.roots.map(({ path }) => Buffer.from(path).toString('latin1')).join('\0') : '';
}
