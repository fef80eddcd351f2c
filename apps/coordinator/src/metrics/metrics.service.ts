import { Injectable } from '@nestjs/common';
import { Gauge, Histogram, Registry, collectDefaultMetrics } from 'prom-client';
import { EventsService } from '../events/events.service.ts';
import { PresenceService } from '../presence/presence.service.ts';

/**
 * Prometheus metrics. A feature adds its own with this registry: `new Gauge({ name: 'holdfast_…', help, registers: [metrics.registry],
 * collect() { … } })` in `onModuleInit`.
 */
@Injectable()
export class MetricsService {
  readonly registry = new Registry();
  readonly #requests: Histogram<'method' | 'route' | 'status'>;

  constructor(presence: PresenceService, events: EventsService) {
    const registers = [this.registry];
    collectDefaultMetrics({ register: this.registry });
    this.#requests = new Histogram({
      name: 'holdfast_http_request_duration_seconds',
      help: 'Time to answer a request, by route pattern (streams are not counted)',
      labelNames: ['method', 'route', 'status'],
      buckets: [0.001, 0.005, 0.02, 0.1, 0.5, 2, 10],
      registers,
    });
    new Gauge({
      name: 'holdfast_devices_online',
      help: 'Devices whose last heartbeat is recent',
      registers,
      collect() {
        this.set(presence.online().length);
      },
    });
    new Gauge({
      name: 'holdfast_event_streams_open',
      help: 'Open server-sent event streams',
      labelNames: ['audience'],
      registers,
      collect() {
        const { panels, agents } = events.openStreams;
        this.set({ audience: 'panels' }, panels);
        this.set({ audience: 'agents' }, agents);
      },
    });
  }

  /** `route` is the pattern, never the address: ids would make a series each. */
  observe(method: string, route: string, status: number, seconds: number): void {
    this.#requests.observe({ method, route, status: `${Math.floor(status / 100)}xx` }, seconds);
  }
}
