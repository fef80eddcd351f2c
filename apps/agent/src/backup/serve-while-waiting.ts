import { sendHeartbeat } from '../heartbeat/heartbeat.ts';
import type { AgentRuntime } from '../runtime/agent-runtime.ts';

/** A command without daemon takes part in the swarm while it waits: holders can only fetch from a device that is online. */
export function serveWhileWaiting(agent: AgentRuntime, signal: AbortSignal): { stop(): Promise<void> } {
  const stop = new AbortController();
  const either = AbortSignal.any([signal, stop.signal]);
  const beating = (async () => {
    await agent.swarm.start();
    while (!either.aborted) {
      const reply = await sendHeartbeat(agent, { leaving: false }, either).catch(() => undefined);
      if (reply && reply.rosterVersion > agent.roster.version) {
        const newer = await agent.roster.accept(await agent.coordinator.roster(either), agent.clock.nowMs()).catch(() => undefined);
        if (newer) await agent.swarm.running?.setRoster(newer);
      }
      await agent.clock.sleep(Math.min(10, reply?.intervalSeconds ?? 10) * 1000, either).catch(() => undefined);
    }
  })().catch(() => undefined);
  return {
    async stop() {
      stop.abort(new DOMException('enough waited', 'AbortError'));
      await beating;
      await sendHeartbeat(agent, { leaving: true }, AbortSignal.timeout(2_000)).catch(() => undefined);
    },
  };
}
