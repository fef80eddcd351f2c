import type { AgentRuntime } from '../runtime/agent-runtime.ts';
import type { WaitReason, Work } from './wait-reason.ts';

const words: Readonly<Record<Work, string>> = {
  backup: 'scheduled backups',
  replicate: 'taking in packs of others',
  background: 'reading packs again',
};

/** What waits now, and why, for `status`; the same reason once. */
export async function waitingWork(agent: Pick<AgentRuntime, 'manners' | 'live'>): Promise<(WaitReason & { readonly what: string })[]> {
  // The daemon looks once a minute; a command without one looks now.
  if (!agent.live) await agent.manners.look();
  const found = new Map<string, WaitReason & { what: string }>();
  for (const work of ['backup', 'replicate', 'background'] as const) {
    const reason = agent.manners.waits(work);
    if (!reason) continue;
    const same = found.get(reason.text);
    if (same) same.what = `${same.what}, ${words[work]}`;
    else found.set(reason.text, { ...reason, what: words[work] });
  }
  return [...found.values()];
}
