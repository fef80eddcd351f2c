import type { AuditAnswer, AuditQuestion } from '#libs/contracts';
import { AuditAnswers } from '#libs/crypto';
import { nodePrimitives } from '#libs/crypto/node';
import { fromBase64Url, isAppError, messageOf, toBase64Url } from '#libs/kernel';
import { errorFields } from '../log/agent-log.ts';
import type { AgentRuntime } from '../runtime/agent-runtime.ts';
import { auditLimits } from './audit-limits.ts';
import { Pace } from './pace.ts';
import { readPack } from './read-pack.ts';
import { reportDamage } from './report-damage.ts';

const primitives = nodePrimitives();

/**
 * Answers what the coordinator asks about packs that are held here, by reading each whole. A pack that turns out to be damaged is
 * reported as such, which makes it anew and is held against nobody. Returns since when a scan of everything is asked for, or null.
 */
export async function answerAudits(agent: AgentRuntime, signal: AbortSignal): Promise<number | null> {
  const { audits, scanSinceMs } = await agent.coordinator.openAudits(signal);
  const pace = new Pace(agent.clock, auditLimits.auditBytesPerSecond);
  for (let at = 0; at < audits.length; at += auditLimits.answersPerCall) {
    const answers: AuditAnswer[] = [];
    for (const question of audits.slice(at, at + auditLimits.answersPerCall)) {
      const answer = await answerOne(agent, question, pace, signal);
      if (answer) answers.push(answer);
    }
    if (answers.length > 0) await agent.coordinator.answerAudits({ answers }, signal);
  }
  if (audits.length > 0) agent.log.write('info', 'answered audits', { packs: audits.length });
  return scanSinceMs;
}

async function answerOne(
  agent: AgentRuntime,
  { auditId, packId, nonce }: AuditQuestion,
  pace: Pace,
  signal: AbortSignal,
): Promise<AuditAnswer | undefined> {
  const hash = new AuditAnswers(primitives, [fromBase64Url(nonce)]);
  try {
    const reading = await readPack(agent.held.packs, packId, { pace, signal, onBytes: (bytes) => hash.update(bytes) });
    if (reading.kind === 'missing') return { auditId, outcome: 'missing' };
    // Its disk gives way: that is held against this device, and all else that it holds is looked at.
    if (reading.kind === 'damaged' && reading.unreadable) {
      agent.log.write('warn', 'the disk can not give a pack any more', { packId, blocks: reading.leaves });
      return { auditId, outcome: 'unreadable', message: `the disk can not give ${reading.leaves} of its blocks` };
    }
    if (reading.kind === 'damaged') {
      await reportDamage(agent, 'held', [{ packId, leaves: reading.leaves, repaired: false }]);
      return undefined;
    }
    return { auditId, outcome: 'answered', answer: toBase64Url(hash.answers()[0]!) };
  } catch (error) {
    signal.throwIfAborted();
    agent.log.write('warn', 'a pack could not be read for an audit', { packId, ...errorFields(error) });
    if (!isAppError(error)) throw error;
    return { auditId, outcome: 'unreadable', message: messageOf(error).slice(0, 300) };
  }
}
