import 'reflect-metadata';
import { once } from 'node:events';
import { mkdirSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { createServer } from 'node:net';
import { NestFactory } from '@nestjs/core';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { Logger } from 'nestjs-pino';
import { cryptoReady } from '#libs/crypto';
import { messageOf } from '#libs/kernel';
import type { FastifyInstance } from 'fastify';
import { AppModule } from './app.module.ts';
import type { CoordinatorConfig } from './config/config.schema.ts';
import { dataFolder } from './config/load-config.ts';
import { CoordinatorError } from './errors.ts';
import { fastifyServer } from './http/fastify-server.ts';
import { FrameworkLogger } from './http/framework-logger.ts';
import { servePanel } from './http/panel-files.ts';
import { ServerFacts } from './http/server-facts.ts';
import { MetricsService } from './metrics/metrics.service.ts';
import { serveOpenApi } from './openapi/openapi.ts';
import type { Ports } from './ports/ports.module.ts';
import { systemPorts } from './ports/ports.module.ts';
import { tlsIdentity } from './tls/tls-identity.ts';

export interface Coordinator {
  readonly app: NestFastifyApplication;
  readonly server: ServerFacts;
  close(): Promise<void>;
}

/** Builds the coordinator without listening: database open and migrated, keys made, routes ready. */
export async function createCoordinator(config: CoordinatorConfig, ports: Ports = systemPorts): Promise<Coordinator> {
  const folder = dataFolder(config);
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
  } catch (cause) {
    throw new CoordinatorError('data_folder_unusable', `The data folder ${folder} can't be made: ${messageOf(cause)}`, { cause });
  }
  await cryptoReady();
  const tls = await tlsIdentity(config, ports.clock);
  const server = new ServerFacts(config, tls);
  const adapter = await fastifyServer(config, tls);
  const app = await NestFactory.create<NestFastifyApplication>(AppModule.register(config, ports, server), adapter, {
    bufferLogs: true,
    bodyParser: false,
    abortOnError: false,
  });
  app.useLogger(new FrameworkLogger(app.get(Logger)));
  app.flushLogs();
  app.setGlobalPrefix('api/v1', { exclude: ['healthz', 'readyz', 'metrics'] });
  serveOpenApi(app);
  const fastify = adapter.getInstance<FastifyInstance>();
  observeRequests(fastify, app);
  await servePanel(fastify, config);
  await app.init();
  await app.getHttpAdapter().getInstance().ready();
  return { app, server, close: () => app.close() };
}

/**
 * Throws `address_in_use` before anything is started: a second coordinator would open the database and fail at the swarm's port, loudly,
 * before it came to this one.
 */
export async function assertAddressFree({ listen: { host, port } }: CoordinatorConfig): Promise<void> {
  const probe = createServer();
  try {
    probe.listen(port, host);
    await once(probe, 'listening');
  } catch (cause) {
    throw listenError(cause, host, port);
  }
  probe.close();
  await once(probe, 'close');
}

/** Starts listening; the address says which port it became. Throws `address_in_use`. */
export async function listen({ app, server }: Coordinator, { listen: { host, port } }: CoordinatorConfig): Promise<AddressInfo> {
  try {
    await app.listen(port, host);
  } catch (cause) {
    throw listenError(cause, host, port);
  }
  const address = app.getHttpServer().address() as AddressInfo;
  server.boundPort = address.port;
  return address;
}

function listenError(cause: unknown, host: string, port: number): unknown {
  const code = (cause as NodeJS.ErrnoException).code;
  if (code !== 'EADDRINUSE' && code !== 'EACCES' && code !== 'EADDRNOTAVAIL') return cause;
  return new CoordinatorError('address_in_use', `Can't listen on ${host}:${port}: ${messageOf(cause)}`, {
    cause,
    nextStep: 'Choose another with --port or --host.',
  });
}

function observeRequests(fastify: FastifyInstance, app: NestFastifyApplication): void {
  const metrics = app.get(MetricsService, { strict: false });
  fastify.addHook('onResponse', async (request, reply) => {
    metrics.observe(request.method, request.routeOptions.url ?? 'unknown', reply.statusCode, reply.elapsedTime / 1000);
  });
}
