import { JsonFile } from '../home/json-file.ts';
import type { AgentRuntime } from '../runtime/agent-runtime.ts';
import { scrubState } from './scrub-plan.ts';

/** When all packs on this disk were last read, own and held together; null before the first time. */
export async function lastScrub(
  agent: Pick<AgentRuntime, 'files' | 'paths'>,
): Promise<{ readonly endedAtMs: number; readonly packs: number; readonly damaged: number } | null> {
  const state = await new JsonFile(agent.files, agent.paths.scrub, scrubState).read().catch(() => undefined);
  const done = [state?.held.last, state?.own.last].filter((last) => last != null);
  if (done.length === 0) return null;
  const sum = (field: 'packs' | 'damaged'): number => done.reduce((total, last) => total + last[field], 0);
  return { endedAtMs: Math.min(...done.map((last) => last.endedAtMs)), packs: sum('packs'), damaged: sum('damaged') };
}
