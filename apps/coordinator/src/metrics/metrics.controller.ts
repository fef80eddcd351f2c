import { Controller, Get, Inject, Req, Res } from '@nestjs/common';
import { ApiExcludeController } from '@nestjs/swagger';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { Anyone } from '../access/access.decorators.ts';
import type { CoordinatorConfig } from '../config/config.schema.ts';
import { CONFIG } from '../config/config.module.ts';
import { CoordinatorError } from '../errors.ts';
import { sameSecret } from '../sessions/secrets.ts';
import { MetricsService } from './metrics.service.ts';

/** Not for sessions or devices: Prometheus shows the configured token, or calls from this very machine. */
@Controller('metrics')
@Anyone()
@ApiExcludeController()
export class MetricsController {
  constructor(
    private readonly metrics: MetricsService,
    @Inject(CONFIG) private readonly config: CoordinatorConfig,
  ) {}

  @Get()
  async scrape(@Req() request: FastifyRequest, @Res({ passthrough: true }) reply: FastifyReply): Promise<string> {
    const { token } = this.config.metrics;
    const allowed = token === null ? isLoopback(request.ip) : sameSecret(request.headers.authorization ?? '', `Bearer ${token}`);
    if (!allowed)
      throw new CoordinatorError('metrics_forbidden', 'Metrics are for this machine or for who has the token.', {
        nextStep: 'Set HOLDFAST_METRICS_TOKEN and send it as a bearer token.',
      });
    void reply.header('content-type', this.metrics.registry.contentType);
    return this.metrics.registry.metrics();
  }
}

const isLoopback = (address: string): boolean => /^(::ffff:)?127\.|^::1$/.test(address);
