import { rmSync } from 'node:fs';
import { dataFolder } from '../config/load-config.ts';
import type { CoordinatorConfig } from '../config/config.schema.ts';
import type { Coordinator } from '../server.ts';
import { assertAddressFree, createCoordinator, listen } from '../server.ts';
import { SetupService } from '../setup/setup.service.ts';
import { takeFolder } from './folder-lock.ts';
import { listeningFile, writeListening } from './listening.ts';

/** Longer than any request should take; then the process ends all the same, and loses nothing that was committed. */
const SHUTDOWN_LIMIT_MS = 4500;

/** Runs until SIGTERM or SIGINT. Prints where it listens and, before the first set-up, the one-time link. */
export async function serve(config: CoordinatorConfig, json: boolean): Promise<void> {
  const stopped = Promise.withResolvers<NodeJS.Signals>();
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => stopped.resolve(signal));
  await assertAddressFree(config);
  const folder = dataFolder(config);
  // Whatever their ports are.
  const lock = await takeFolder(folder);
  let coordinator: Coordinator;
  try {
    coordinator = await createCoordinator(config);
    await listen(coordinator, config).catch(async (error: unknown) => {
      await coordinator.close();
      throw error;
    });
  } catch (error) {
    await lock.release();
    throw error;
  }
  writeListening(folder, { origin: coordinator.server.origin, pid: process.pid });
  await announce(coordinator, json);
  await stopped.promise;
  const limit = setTimeout(() => process.exit(1), SHUTDOWN_LIMIT_MS);
  rmSync(listeningFile(folder), { force: true });
  await coordinator.close();
  await lock.release();
  clearTimeout(limit);
}

async function announce({ app, server }: Coordinator, json: boolean): Promise<void> {
  const setupLink = await app.get(SetupService, { strict: false }).link(server.origin);
  const sha256 = Buffer.from(server.tls.derSha256).toString('hex').toUpperCase().match(/../g)!.join(':');
  if (json) {
    console.log(JSON.stringify({ event: 'listening', origin: server.origin, certificateSha256: sha256, setupLink: setupLink ?? null }));
    return;
  }
  console.log(`Holdfast coordinator: ${server.origin}`);
  console.log(`Certificate SHA-256: ${sha256}`);
  if (!setupLink) return;
  console.log(
    '\nNot set up yet. Was there a coordinator before, and its disk is lost? Then make no new team: stop this one and run\n' +
      'holdfast-coordinator restore BUNDLE --recovery-kit KIT (see “A lost coordinator” in docs/restore.md).',
  );
  console.log(`\nElse open this link once (it is valid until the coordinator stops):\n${setupLink}\n`);
}
