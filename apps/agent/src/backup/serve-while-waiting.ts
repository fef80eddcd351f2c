import { sendHeartbeat } from '../heartbeat/heartbeat.ts';
import type { AgentRuntime } from '../runtime/agent-runtime.ts';

/** What a backup waits at most until it can be reached: without a coordinator it is captured all the same. */
const readyWithinMs = 15_000;

export interface Serving {
  /** Resolves when the coordinator knows where this process is reached, or after a while anyway. Never rejects. */
  readonly ready: Promise<void>;
  stop(): Promise<void>;
}

/**
 * A command without daemon takes part in the swarm until its snapshot is protected, as the daemon would: holders fetch from it, at its
 * addresses or through the relay. To be ready before packs are announced: a holder that is told of a pack and finds nobody pauses longer each time.
 */
export function serveWhileWaiting(agent: AgentRuntime, signal: AbortSignal): Serving {
  const stop = new AbortController();
  const either = AbortSignal.any([signal, stop.signal]);
  const { promise: known, resolve: tellReady } = Promise.withResolvers<void>();
  const beating = (async () => {
    await agent.swarm.serve();
    while (!either.aborted) {
      const reply = await sendHeartbeat(agent, { leaving: false }, either).catch(() => undefined);
      if (reply) tellReady();
      if (reply && reply.rosterVersion > agent.roster.version) {
        const newer = await agent.roster.accept(await agent.coordinator.roster(either), agent.clock.nowMs()).catch(() => undefined);
        if (newer) await agent.swarm.running?.setRoster(newer);
      }
      await agent.clock.sleep(Math.min(10, reply?.intervalSeconds ?? 10) * 1000, either).catch(() => undefined);
    }
  })()
    .catch(() => undefined)
    .finally(() => tellReady());
  const limit = new AbortController();
  const ready = Promise.race([
    known,
    agent.clock.sleep(readyWithinMs, AbortSignal.any([either, limit.signal])).catch(() => undefined),
  ]).finally(() => limit.abort());
  return {
    ready,
    async stop() {
      stop.abort(new DOMException('enough waited', 'AbortError'));
      await beating;
      await sendHeartbeat(agent, { leaving: true }, AbortSignal.timeout(2_000)).catch(() => undefined);
    },
  };
}
