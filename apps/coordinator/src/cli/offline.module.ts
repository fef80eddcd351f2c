import { existsSync } from 'node:fs';
import 'reflect-metadata';
import type { DynamicModule, INestApplicationContext } from '@nestjs/common';
import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { cryptoReady } from '#libs/crypto';
import { AuditLogModule } from '../audit-log/audit-log.module.ts';
import { BundleTakeoverModule } from '../bundle/bundle-takeover.module.ts';
import { ConfigModule } from '../config/config.module.ts';
import type { CoordinatorConfig } from '../config/config.schema.ts';
import { dataFolder } from '../config/load-config.ts';
import { embeddedDatabase } from '../database/data-sources.ts';
import { DatabaseModule } from '../database/database.module.ts';
import { CoordinatorError } from '../errors.ts';
import { EventsModule } from '../events/events.module.ts';
import { PortsModule, systemPorts } from '../ports/ports.module.ts';
import { SessionsModule } from '../sessions/sessions.module.ts';
import { TeamModule } from '../team/team.module.ts';

/** What commands beside a running coordinator need: the database, and nothing that runs by itself. */
@Module({})
class OfflineModule {
  static register(config: CoordinatorConfig): DynamicModule {
    return {
      module: OfflineModule,
      imports: [
        ConfigModule.register(config),
        PortsModule.register(systemPorts),
        DatabaseModule,
        EventsModule,
        AuditLogModule,
        SessionsModule,
        BundleTakeoverModule,
        TeamModule,
      ],
    };
  }
}

/** Throws `setup_needed` where there is no embedded database: a new one, empty, would answer that all is well. */
export function needsCoordinator(config: CoordinatorConfig): void {
  if (config.database.url || existsSync(embeddedDatabase(config))) return;
  throw new CoordinatorError('setup_needed', `There is no coordinator in ${dataFolder(config)}.`, {
    nextStep: 'Name its folder with --home, before the command, or start it there first.',
  });
}

/** Runs `work` with the coordinator's services on its database, whether it is running or not. */
export async function withServices<T>(config: CoordinatorConfig, work: (services: INestApplicationContext) => Promise<T>): Promise<T> {
  await cryptoReady();
  const services = await NestFactory.createApplicationContext(OfflineModule.register(config), {
    logger: ['error', 'fatal'],
    abortOnError: false,
  });
  try {
    return await work(services);
  } finally {
    await services.close();
  }
}
