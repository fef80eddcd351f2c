import type { DynamicModule } from '@nestjs/common';
import { Module } from '@nestjs/common';
import { AccessModule } from './access/access.module.ts';
import { AuditLogModule } from './audit-log/audit-log.module.ts';
import { ConfigModule } from './config/config.module.ts';
import type { CoordinatorConfig } from './config/config.schema.ts';
import { DatabaseModule } from './database/database.module.ts';
import { EventsModule } from './events/events.module.ts';
import { features } from './features.ts';
import { HealthModule } from './health/health.module.ts';
import { HttpModule } from './http/http.module.ts';
import type { ServerFacts } from './http/server-facts.ts';
import { IdentityModule } from './identity/identity.module.ts';
import { LogModule } from './http/log.module.ts';
import type { Ports } from './ports/ports.module.ts';
import { PortsModule } from './ports/ports.module.ts';
import { SchedulesModule } from './schedules/schedules.module.ts';

/** The coordinator: what every feature stands on, then the features. */
@Module({})
export class AppModule {
  static register(config: CoordinatorConfig, ports: Ports, server: ServerFacts): DynamicModule {
    return {
      module: AppModule,
      imports: [
        ConfigModule.register(config),
        LogModule.register(config),
        PortsModule.register(ports),
        DatabaseModule,
        IdentityModule,
        EventsModule,
        AuditLogModule,
        SchedulesModule,
        HttpModule.register(server),
        AccessModule,
        HealthModule,
        ...features,
      ],
    };
  }
}
