import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, jest } from '@jest/globals';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import type { Type } from '@nestjs/common';
import type { FastifyInstance } from 'fastify';
import { systemRandom } from '#libs/kernel';
import { ManualClock, memoryFolder } from '#libs/kernel/testing';
import type { CoordinatorConfig } from '../config/config.schema.ts';
import { loadConfig } from '../config/load-config.ts';
import { closeDataSources, embeddedDatabase, openDataSources } from '../database/data-sources.ts';
import { createCoordinator, listen } from '../server.ts';
import { TestClient } from './test-client.ts';
import { type TemporaryDatabase, temporaryDatabase } from './temporary-database.ts';

// A coordinator starts within a second, but not on a machine that is busy with other tests.
jest.setTimeout(60_000);

const displayName = Symbol.for('fastify.display-name');

/**
 * Fastify looks for the name of a plugin that brings none (Swagger's page) in all of `require.cache`. Jest answers for that with some look-ups for each of two thousand
 * modules: a third of a start. Here such a plugin has a name before it is registered.
 */
function nameEveryPlugin(): void {
  const seen = new WeakSet<object>();
  const adapter = FastifyAdapter.prototype;
  const usual = Object.getOwnPropertyDescriptor(adapter, 'getInstance')!.value as (this: FastifyAdapter) => FastifyInstance;
  const named = function (this: FastifyAdapter): FastifyInstance {
    const instance = usual.call(this);
    if (seen.has(instance)) return instance;
    seen.add(instance);
    const register: unknown = instance.register;
    const naming = function (this: FastifyInstance, plugin: unknown, ...options: unknown[]): unknown {
      if (typeof plugin === 'function' && !(displayName in plugin)) Object.assign(plugin, { [displayName]: plugin.name || 'nameless' });
      return Reflect.apply(register as (...all: unknown[]) => unknown, this, [plugin, ...options]);
    };
    return Object.assign(instance, { register: naming });
  };
  Object.defineProperty(adapter, 'getInstance', { value: named });
}
nameEveryPlugin();

export interface TestCoordinator {
  readonly app: NestFastifyApplication;
  readonly clock: ManualClock;
  readonly config: CoordinatorConfig;
  /** A client without credentials; `people` and `agents` of test-team.ts give others. */
  readonly anyone: TestClient;
  get<T>(service: (abstract new (...args: never[]) => T) | { readonly prototype: T }): T;
  /** Listens on loopback, for what needs a socket; gives `https://127.0.0.1:port`. */
  listen(): Promise<string>;
  /** Closes and opens again on the same data folder and database. */
  restart(): Promise<TestCoordinator>;
  /** Closes and removes everything. */
  close(): Promise<void>;
}

export interface TestOptions {
  /** Laid over config/test.yaml. */
  readonly config?: Record<string, unknown>;
  readonly clock?: ManualClock;
  /** Done to its empty folder and database before it is opened. */
  readonly prepare?: (config: CoordinatorConfig) => Promise<void>;
}

let migrated: Promise<Buffer> | undefined;

/** The embedded database right after all migrations, made once a spec file: making it is a quarter of a start. */
const migratedDatabase = (): Promise<Buffer> => (migrated ??= makeMigratedDatabase());

async function makeMigratedDatabase(): Promise<Buffer> {
  const dataDir = mkdtempSync(join(memoryFolder(), 'holdfast-migrated-'));
  try {
    const config = loadConfig({ environment: 'test', env: {}, overrides: { dataDir } });
    await closeDataSources(await openDataSources(config));
    return readFileSync(embeddedDatabase(config));
  } finally {
    rmSync(dataDir, { recursive: true, force: true });
  }
}

let template: Promise<TemporaryDatabase | undefined> | undefined;
afterAll(async () => (await template)?.drop());

/** The same on PostgreSQL: a database that others are copied from. */
const migratedTemplate = (): Promise<TemporaryDatabase | undefined> => (template ??= makeMigratedTemplate());

async function makeMigratedTemplate(): Promise<TemporaryDatabase | undefined> {
  const database = await temporaryDatabase();
  if (!database) return undefined;
  const config = loadConfig({ environment: 'test', env: {}, overrides: { database: { url: database.url } } });
  await closeDataSources(await openDataSources(config));
  return database;
}

/**
 * A whole coordinator in this process on a folder of its own: embedded database, or a database of its own on the PostgreSQL of
 * HOLDFAST_TEST_DATABASE_URL. Time stands still until `clock.advance`; schedules run only by `SchedulesService.runNow`.
 */
export async function startTestCoordinator({
  config: over = {},
  clock = new ManualClock(),
  prepare,
}: TestOptions = {}): Promise<TestCoordinator> {
  const dataDir = mkdtempSync(join(memoryFolder(), 'holdfast-coordinator-'));
  const database = await temporaryDatabase(prepare ? undefined : (await migratedTemplate())?.name);
  const config = loadConfig({
    environment: 'test',
    env: {},
    overrides: { dataDir, ...(database ? { database: { url: database.url } } : {}), ...over },
  });
  try {
    if (prepare) await prepare(config);
    else if (!config.database.url) writeFileSync(embeddedDatabase(config), await migratedDatabase());
  } catch (error) {
    await database?.drop();
    rmSync(dataDir, { recursive: true, force: true });
    throw error;
  }
  const open = async (): Promise<TestCoordinator> => {
    const coordinator = await createCoordinator(config, { clock, random: systemRandom });
    const { app } = coordinator;
    return {
      app,
      clock,
      config,
      anyone: new TestClient(app),
      get: (service) => app.get(service as Type, { strict: false }),
      listen: async () => `https://127.0.0.1:${(await listen(coordinator, config)).port}`,
      restart: async () => {
        await coordinator.close();
        return open();
      },
      close: async () => {
        await coordinator.close();
        await database?.drop();
        rmSync(dataDir, { recursive: true, force: true });
      },
    };
  };
  return open();
}
