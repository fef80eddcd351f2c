import { Injectable } from '@nestjs/common';
import { Gauge, Histogram, Registry, collectDefaultMetrics } from 'prom-client';
import { EventsService } from '../events/events.service.ts';
import { PresenceService } from '../presence/presence.service.ts';

/**
 * Prometheus metrics. A feature adds its own in `onModuleInit`: `metrics.gauge(name, help, () => value)`, or by `registry.registerMetric`.
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
    this.gauge('holdfast_devices_online', 'Devices whose last heartbeat is recent', () => presence.online().length);
    this.gauge('holdfast_panel_streams_open', 'Open event streams of panels', () => events.openStreams.panels);
    this.gauge('holdfast_agent_streams_open', 'Open event streams of agents', () => events.openStreams.agents);
  }

  /** A value that is asked for whenever somebody scrapes. */
  gauge(name: `holdfast_${string}`, help: string, value: () => number | Promise<number>): void {
    const gauge = new Gauge({
      name,
      help,
      registers: [],
      async collect() {
        this.set(await value());
      },
    });
    this.registry.registerMetric(gauge);
  }

  /** `route` is the pattern, never the address: ids would make a series each. */
  observe(method: string, route: string, status: number, seconds: number): void {
    this.#requests.observe({ method, route, status: `${Math.floor(status / 100)}xx` }, seconds);
  }
}
