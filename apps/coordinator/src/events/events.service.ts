import type { BeforeApplicationShutdown, OnApplicationBootstrap } from '@nestjs/common';
import { Inject, Injectable } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import type { AgentEvent, PanelEvent } from '#libs/contracts';
import type { Clock, DeviceId } from '#libs/kernel';
import type { CoordinatorConfig } from '../config/config.schema.ts';
import { CONFIG } from '../config/config.module.ts';
import { Database } from '../database/database.ts';
import { CLOCK } from '../ports/ports.module.ts';
import { SseStream } from './sse-stream.ts';

interface PanelStream {
  readonly sessionId: string;
  readonly userId: string;
  readonly expiresAtMs: number;
  readonly stream: SseStream;
}

/**
 * The open streams of panels and agents. Publishing inside a transaction happens when it is committed, so nobody is told of
 * what is not there yet. Hints reach the streams of this process; with several coordinators heartbeats carry the rest.
 */
@Injectable()
export class EventsService implements OnApplicationBootstrap, BeforeApplicationShutdown {
  readonly #panels = new Set<PanelStream>();
  readonly #agents = new Map<DeviceId, SseStream>();
  #timer: NodeJS.Timeout | undefined;

  constructor(
    @Inject(CONFIG) private readonly config: CoordinatorConfig,
    @Inject(CLOCK) private readonly clock: Clock,
    private readonly database: Database,
  ) {}

  /** Tells every open panel what to fetch again. */
  publishPanel(event: PanelEvent): void {
    this.database.afterCommit(() => this.#panels.forEach(({ stream }) => stream.send(event)));
  }

  /** Tells one device, when its channel is open; otherwise it learns of it by its next heartbeat. */
  publishAgent(deviceId: DeviceId, event: AgentEvent): void {
    this.database.afterCommit(() => this.#agents.get(deviceId)?.send(event));
  }

  publishAllAgents(event: AgentEvent): void {
    this.database.afterCommit(() => this.#agents.forEach((stream) => stream.send(event)));
  }

  openPanel(reply: FastifyReply, session: Omit<PanelStream, 'stream'>): void {
    const entry: PanelStream = {
      sessionId: session.sessionId,
      userId: session.userId,
      expiresAtMs: session.expiresAtMs,
      stream: new SseStream(reply, () => this.#panels.delete(entry)),
    };
    this.#panels.add(entry);
  }

  /** A device has one channel: a second one replaces the first, which is usually dead without knowing it. */
  openAgent(reply: FastifyReply, deviceId: DeviceId): void {
    const stream = new SseStream(reply, () => {
      if (this.#agents.get(deviceId) === stream) this.#agents.delete(deviceId);
    });
    this.#agents.get(deviceId)?.close();
    this.#agents.set(deviceId, stream);
    stream.send({ event: 'hello', timeMs: this.clock.nowMs() } satisfies AgentEvent as AgentEvent);
  }

  isAgentConnected(deviceId: DeviceId): boolean {
    return this.#agents.has(deviceId);
  }

  get openStreams(): { readonly panels: number; readonly agents: number } {
    return { panels: this.#panels.size, agents: this.#agents.size };
  }

  closeAgent(deviceId: DeviceId): void {
    this.#agents.get(deviceId)?.close();
  }

  closeSession(sessionId: string): void {
    for (const panel of this.#panels) if (panel.sessionId === sessionId) panel.stream.close();
  }

  /** Every stream of a person whose account is gone. */
  closePerson(userId: string): void {
    for (const panel of this.#panels) if (panel.userId === userId) panel.stream.close();
  }

  onApplicationBootstrap(): void {
    this.#timer = setInterval(() => this.keepAlive(), this.config.presence.keepAliveSeconds * 1000);
    this.#timer.unref();
  }

  /** One round of keep-alive comments; streams of sessions past their end are closed. */
  keepAlive(): void {
    const now = this.clock.nowMs();
    for (const { stream, expiresAtMs } of this.#panels) {
      if (expiresAtMs <= now) stream.close();
      else stream.keepAlive();
    }
    this.#agents.forEach((stream) => stream.keepAlive());
  }

  /** Streams would keep the server from closing. */
  beforeApplicationShutdown(): void {
    clearInterval(this.#timer);
    this.#panels.forEach(({ stream }) => stream.close());
    this.#agents.forEach((stream) => stream.close());
  }
}
