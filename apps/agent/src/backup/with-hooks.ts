import type { BackupResult } from '#libs/engine';
import type { AgentLog } from '../log/agent-log.ts';
import { AgentError } from '../errors.ts';
import type { Hooks } from './own-rules.ts';
import { runHook } from './run-hook.ts';

export interface HookRun {
  readonly hooks: Hooks;
  /** Why this backup is made. */
  readonly trigger: string;
  readonly signal: AbortSignal;
  readonly log: AgentLog;
}

/**
 * The backup between its hooks. `before` may stop it: then `hook_failed` is thrown and nothing was read. `after` runs in the end whatever happened,
 * however the backup ended, so that what `before` stopped is started again; its failure is logged and is in the notes, the snapshot stays.
 * Environment: HOLDFAST_HOOK, HOLDFAST_TRIGGER; after: HOLDFAST_OUTCOME (captured, partial, failed, interrupted), HOLDFAST_SNAPSHOT.
 */
export async function withHooks({ hooks, trigger, signal, log }: HookRun, work: () => Promise<BackupResult>): Promise<BackupResult> {
  const env = { HOLDFAST_TRIGGER: trigger };
  const notes: { path: string; code: string; message: string }[] = [];
  const failed = (which: 'before' | 'after', why: string): void => {
    log.write('warn', `the hook ${which} failed`, { why });
    notes.push({ path: hooks[which]!.command[0]!, code: 'hook_failed', message: `hook ${which} the backup: ${why}` });
  };
  let outcome = 'failed';
  let snapshot: number | undefined;
  try {
    if (hooks.before) {
      const why = await runHook(hooks.before, { ...env, HOLDFAST_HOOK: 'before' }, signal);
      signal.throwIfAborted();
      if (why !== undefined && hooks.before.onFailure === 'stop')
        throw new AgentError('hook_failed', `no backup was made, since the hook before it failed: ${why}`, {
          nextStep: 'Repair the hook in backup.yaml, or let it have "onFailure: continue".',
        });
      if (why !== undefined) failed('before', why);
    }
    const result = await work();
    outcome = result.snapshot.partial || result.snapshot.stats.errors > 0 ? 'partial' : 'captured';
    snapshot = result.snapshot.sequence;
    await runAfter();
    return { ...result, notes: [...result.notes, ...notes] };
  } catch (error) {
    if (signal.aborted) outcome = 'interrupted';
    if (snapshot === undefined) await runAfter();
    throw error;
  }

  async function runAfter(): Promise<void> {
    if (!hooks.after) return;
    const result: Record<string, string> = snapshot === undefined ? {} : { HOLDFAST_SNAPSHOT: String(snapshot) };
    // Not ended with the backup: it is what puts things right again. Its own time limit bounds it.
    const why = await runHook(hooks.after, { ...env, HOLDFAST_HOOK: 'after', HOLDFAST_OUTCOME: outcome, ...result });
    if (why !== undefined) failed('after', why);
  }
}
