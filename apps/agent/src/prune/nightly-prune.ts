import { z } from 'zod';
import { timeMs } from '#libs/contracts';
import { forgetByPolicy } from '../forget/forget-by-policy.ts';
import { JsonFile } from '../home/json-file.ts';
import { errorFields } from '../log/agent-log.ts';
import type { AgentRuntime } from '../runtime/agent-runtime.ts';
import { pruneVault } from './prune-vault.ts';

/** `state/prune.json`. */
const pruneState = z.strictObject({ lastAtMs: timeMs });

/** Once a night: a schedule that backs up every hour must not copy packs every hour. */
const leastGapMs = 20 * 3_600_000;

/**
 * After a scheduled backup: forgets by the policy's retention, prunes within a night's bounds, proposes releases. At most once in
 * 20 hours; a failure is logged and leaves the vault as it was, whole.
 */
export async function nightlyPrune(agent: AgentRuntime, signal: AbortSignal): Promise<void> {
  const file = new JsonFile(agent.files, agent.paths.pruneState, pruneState);
  try {
    const nowMs = agent.clock.nowMs();
    const lastAtMs = (await file.read())?.lastAtMs ?? 0;
    // A clock that was set back must not put it off for good.
    if (lastAtMs <= nowMs && nowMs - lastAtMs < leastGapMs) return;
    await agent.vault.use(async (vault) => {
      const forgotten = await forgetByPolicy(agent, vault, signal);
      const { report, releases } = await pruneVault(agent, vault, { dryRun: false, signal });
      agent.log.write('info', 'vault pruned', {
        snapshotsForgotten: forgotten.length,
        packsRetired: report.retired.length,
        bytesRetired: report.retiredBytes,
        bytesWritten: report.newBytes,
        packsReleased: releases?.released.length ?? 0,
        packsWaiting: releases?.waiting.length ?? 0,
        packsUnreadable: report.failed.length,
      });
    });
    await file.write({ lastAtMs: nowMs });
  } catch (error) {
    if (!signal.aborted) agent.log.write('warn', 'the vault could not be pruned', errorFields(error));
  }
}
