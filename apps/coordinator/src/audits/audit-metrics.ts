import { Injectable } from '@nestjs/common';
import { Counter } from 'prom-client';
import { MetricsService } from '../metrics/metrics.service.ts';

/** `holdfast_audits_total{result}`: what became of audits since this process started. */
@Injectable()
export class AuditMetrics {
  readonly #total: Counter<'result'>;

  constructor(metrics: MetricsService) {
    this.#total = new Counter({
      name: 'holdfast_audits_total',
      help: 'Audits by result: passed, wrong, missing, unreadable, unanswered, slow (its blocks came too slowly), timed_out (no failure), rot (found by the holder), undecided',
      labelNames: ['result'],
      registers: [metrics.registry],
    });
  }

  count(result: string, howMany: number): void {
    this.#total.inc({ result }, howMany);
  }
}
