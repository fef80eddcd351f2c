import { Global, Module } from '@nestjs/common';
import { PresenceModule } from '../presence/presence.module.ts';
import { MetricsController } from './metrics.controller.ts';
import { MetricsService } from './metrics.service.ts';

@Global()
@Module({ imports: [PresenceModule], controllers: [MetricsController], providers: [MetricsService], exports: [MetricsService] })
export class MetricsModule {}
