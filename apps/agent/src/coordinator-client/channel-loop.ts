import type { AgentEvent } from '#libs/contracts';
import type { Clock, RandomSource } from '#libs/kernel';
import { Backoff } from './backoff.ts';
import { clientLimits } from './client-limits.ts';

export interface ChannelPorts {
  readonly clock: Clock;
  readonly random: RandomSource;
  connect(signal: AbortSignal): AsyncIterable<AgentEvent>;
  onEvent(event: AgentEvent): void;
  onState(state: 'connected' | 'disconnected', error?: unknown): void;
}

/** Keeps the agent channel up until the signal says stop: reconnects with growing, drawn delays. */
export class ChannelLoop {
  readonly #ports: ChannelPorts;
  #hurry = new AbortController();

  constructor(ports: ChannelPorts) {
    this.#ports = ports;
  }

  /** The machine woke or the network changed: the present connection is given up and a new one made at once. */
  reconnectNow(): void {
    const before = this.#hurry;
    this.#hurry = new AbortController();
    before.abort(new DOMException('reconnecting', 'AbortError'));
  }

  async runUntilStopped(signal: AbortSignal): Promise<void> {
    const { clock, random } = this.#ports;
    const backoff = new Backoff(clientLimits.reconnectFirstMs, clientLimits.reconnectMaxMs, random);
    while (!signal.aborted) {
      const hurry = this.#hurry;
      const either = AbortSignal.any([signal, hurry.signal]);
      let connected = false;
      try {
        for await (const event of this.#ports.connect(either)) {
          if (!connected) this.#ports.onState('connected');
          connected = true;
          backoff.reset();
          this.#ports.onEvent(event);
        }
      } catch (error) {
        this.#ports.onState('disconnected', error);
      }
      if (hurry.signal.aborted) backoff.reset();
      else await clock.sleep(backoff.nextMs(), either).catch(() => undefined);
    }
  }
}
