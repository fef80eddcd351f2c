import type { PackChallenges } from '#libs/contracts';
import { AuditAnswers, auditBytes, auditNonce } from '#libs/crypto';
import { nodePrimitives } from '#libs/crypto/node';
import type { PackId } from '#libs/kernel';
import { toBase64Url } from '#libs/kernel';
import { repairOwnPacks } from '../reading/repair-own-packs.ts';
import type { AgentRuntime } from '../runtime/agent-runtime.ts';
import { auditLimits } from './audit-limits.ts';
import { Pace } from './pace.ts';
import { readPack } from './read-pack.ts';
import { reportDamage } from './report-damage.ts';

const primitives = nodePrimitives();

/**
 * Makes challenges about this device's own packs where the coordinator has too few, from the copies on this disk; each is compared
 * with its id in the same reading, so that a damaged copy never makes a holder look wrong: it is fetched back instead. Gives way to a
 * backup and to a pause, after each pack. Returns for how many packs it made some, and whether it came to the end.
 */
export async function makeChallenges(
  agent: AgentRuntime,
  signal: AbortSignal,
): Promise<{ readonly packs: number; readonly isAll: boolean }> {
  const pace = new Pace(agent.clock, auditLimits.mintBytesPerSecond);
  let made = 0;
  let waiting: PackChallenges[] = [];
  const send = async (): Promise<void> => {
    if (waiting.length > 0) await agent.coordinator.putChallenges({ vaultId: agent.document.vaultId, packs: waiting }, signal);
    made += waiting.length;
    waiting = [];
  };
  for (let after: number | null = -1; after !== null;) {
    const { packs, nextAfter } = await agent.coordinator.wantedChallenges(after, signal);
    for (const { packId, challenges } of packs) {
      if (agent.backups.isRunning || agent.manners.waits('background') !== null) {
        await send();
        return { packs: made, isAll: false };
      }
      const some = await challengesOf(agent, packId, challenges, pace, signal);
      if (some) waiting.push(some);
      if (waiting.length >= auditLimits.packsPerCall) await send();
    }
    after = nextAfter;
  }
  await send();
  return { packs: made, isAll: true };
}

/** Undefined when this disk has no whole copy. */
async function challengesOf(
  agent: AgentRuntime,
  packId: PackId,
  count: number,
  pace: Pace,
  signal: AbortSignal,
): Promise<PackChallenges | undefined> {
  // Forgotten once they are sent: whoever takes this device over later learns nothing about what holders will be asked.
  const seed = agent.random.bytes(auditBytes);
  const hash = new AuditAnswers(
    primitives,
    Array.from({ length: count }, (_, index) => auditNonce(primitives, seed, index)),
  );
  const reading = await readPack(agent.own, packId, { pace, signal, onBytes: (bytes) => hash.update(bytes) });
  if (reading.kind === 'whole') return { packId, seed: toBase64Url(seed), answers: hash.answers().map(toBase64Url) };
  if (reading.kind === 'damaged') {
    const repaired = (await repairOwnPacks(agent, new Map([[packId, reading.sizeBytes]]), signal)).length > 0;
    await reportDamage(agent, 'own', [{ packId, leaves: reading.leaves, repaired }]);
  }
  return undefined;
}
