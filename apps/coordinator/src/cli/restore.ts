import { mkdirSync } from 'node:fs';
import type { SignedStatement } from '#libs/contracts';
import { signedStatement } from '#libs/contracts';
import type { TeamKeys } from '#libs/crypto';
import { cryptoReady, wipeTeamKeys } from '#libs/crypto';
import type { OpenedBundle, TakenOver } from '../bundle/takeover.service.ts';
import { newerOf, openWithKit, TakeoverService } from '../bundle/takeover.service.ts';
import type { CoordinatorConfig } from '../config/config.schema.ts';
import { dataFolder } from '../config/load-config.ts';
import { CoordinatorError } from '../errors.ts';
import { identityFile } from '../identity/coordinator-identity.ts';
import { writeSecretFile } from '../identity/secret-file.ts';
import { tlsFile } from '../tls/tls-identity.ts';
import { takeFolder } from './folder-lock.ts';
import { withServices } from './offline.module.ts';
import type { KitOptions } from './kit-file.ts';
import { openKitFile, readText } from './kit-file.ts';

export interface RestoreOptions extends KitOptions {
  readonly files: readonly string[];
  readonly json?: boolean;
}

/** A bundle of 4 MiB as base64, and its frame. */
const MAX_BUNDLE_BYTES = 6 * 1024 * 1024;

/**
 * `holdfast-coordinator restore`: makes an empty coordinator the one whose disk was lost. The kit is opened in this process only and wiped after. Throws what
 * the kit and the bundles are refused with, `setup_done`, `busy`, `data_folder_unusable`; then nothing was changed.
 */
export async function restoreCoordinator(config: CoordinatorConfig, options: RestoreOptions): Promise<void> {
  await cryptoReady();
  const statements = await Promise.all(options.files.map(readBundle));
  const keys = await openKitFile(options);
  try {
    const newest = statements.map((statement) => openWithKit(statement, keys)).reduce(newerOf);
    tell(await putBack(config, newest, keys), config, newest, options.json === true);
  } finally {
    wipeTeamKeys(keys);
  }
}

async function putBack(config: CoordinatorConfig, bundle: OpenedBundle, keys: TeamKeys): Promise<TakenOver> {
  const folder = dataFolder(config);
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const lock = await takeFolder(folder);
  try {
    return await withServices(config, async (services) => {
      const takeover = services.get(TakeoverService, { strict: false });
      await takeover.assertEmpty();
      // Keys of a coordinator that no team ever had are replaced. The database comes last: until it has the team, this can be run again.
      const { keySeed, tls } = bundle.content.coordinator;
      writeSecretFile(identityFile(folder), `${keySeed}\n`);
      if (tls !== null) writeSecretFile(tlsFile(folder), tls);
      return takeover.take(bundle, keys);
    });
  } finally {
    await lock.release();
  }
}

function tell(taken: TakenOver, config: CoordinatorConfig, { content }: OpenedBundle, json: boolean): void {
  const notices = [...taken.leftOut, ...certificateNotices(config, content.coordinator.tls !== null)];
  if (json) {
    console.log(JSON.stringify({ event: 'restored', ...taken, notices }));
    return;
  }
  const when = new Date(taken.madeAtMs).toISOString().slice(0, 16).replace('T', ' ');
  console.log(
    `${taken.team}: put back as it was on ${when} UTC, with ${counted(taken.devices, 'device')} and ${counted(taken.accounts.length, 'account')}.`,
  );
  for (const notice of notices) console.log(`Note: ${notice}`);
  console.log('\nNext:');
  console.log(
    '1. Start the coordinator ("holdfast-coordinator serve"), at the old name or address if you can: the devices then come back by themselves.',
  );
  console.log('   At another one, run "holdfast coordinator move HOST:PORT" on each device.');
  console.log(
    '2. Sign in with your old password. Nothing is repaired or deleted until the devices have told what they hold; the overview says who is missing.',
  );
  console.log('3. Join links from before are void: make new ones.');
}

const counted = (n: number, what: string): string => `${n} ${what}${n === 1 ? '' : 's'}`;

function certificateNotices(config: CoordinatorConfig, hasOwn: boolean): string[] {
  if (config.tls.mode === 'files' && hasOwn)
    return [
      'The devices know the self-signed certificate of before, but tls.mode says "files": set it to "self-signed", or they refuse this coordinator.',
    ];
  if (config.tls.mode === 'self-signed' && !hasOwn)
    return [
      'The old coordinator used certificate files, which are in no bundle: put them in place and name them in tls, or the devices refuse this coordinator.',
    ];
  return [];
}

async function readBundle(file: string): Promise<SignedStatement> {
  const text = await readText(file, MAX_BUNDLE_BYTES, 'bundle_invalid', 'The bundle');
  try {
    return signedStatement.parse(JSON.parse(text));
  } catch (cause) {
    throw new CoordinatorError('bundle_invalid', `${file} is not a whole bundle.`, {
      cause,
      nextStep: 'Take it again: "holdfast coordinator bundle FILE" on a device that keeps one.',
    });
  }
}
