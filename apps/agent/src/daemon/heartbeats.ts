import type { HeartbeatReply } from '#libs/contracts';
import { sendHeartbeat } from '../heartbeat/heartbeat.ts';
import type { AgentRuntime } from '../runtime/agent-runtime.ts';
import { daemonTimes } from './daemon-times.ts';

/** What the daemon does with what a heartbeat brings. */
export interface HeartbeatPorts {
  /** The reply came; times are by this machine's clock. */
  readonly heard: (reply: HeartbeatReply, at: { readonly sentAtMs: number; readonly nowMs: number }) => Promise<void>;
  readonly failed: (error: unknown) => void;
}

/** Says every now and then that this device is there, at the pace that the coordinator asks for. */
export class Heartbeats {
  readonly #agent: AgentRuntime;
  readonly #ports: HeartbeatPorts;
  #hurry = new AbortController();

  constructor(agent: AgentRuntime, ports: HeartbeatPorts) {
    this.#agent = agent;
    this.#ports = ports;
  }

  /** The next one now: there is something to say, or to hear. */
  now(): void {
    this.#hurry.abort();
  }

  async runUntilStopped(signal: AbortSignal): Promise<void> {
    const { clock } = this.#agent;
    let waitMs: number = daemonTimes.firstHeartbeatMs;
    while (!signal.aborted) {
      try {
        const sentAtMs = clock.nowMs();
        const reply = await sendHeartbeat(this.#agent, { leaving: false }, signal);
        await this.#ports.heard(reply, { sentAtMs, nowMs: clock.nowMs() });
        waitMs = Math.max(daemonTimes.leastHeartbeatMs, reply.intervalSeconds * 1000);
      } catch (error) {
        this.#ports.failed(error);
        waitMs = Math.min(waitMs, daemonTimes.retryHeartbeatMs);
      }
      this.#hurry = new AbortController();
      await clock.sleep(waitMs, AbortSignal.any([signal, this.#hurry.signal])).catch(() => undefined);
    }
  }

  /** Says good-bye. */
  async leave(): Promise<void> {
    await sendHeartbeat(this.#agent, { leaving: true }, AbortSignal.timeout(daemonTimes.leavingMs));
  }
}
