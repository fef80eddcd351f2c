import { existsSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Snapshot } from '#libs/contracts';
import { compareTrees, currentPlatform } from '#libs/engine';
import type { Agent } from '../support/agent.ts';
import { lastEvent } from '../support/agent.ts';
import { until } from '../support/processes.ts';
import { writeSample } from '../support/sample-folder.ts';
import type { DemoOptions } from './options.ts';
import type { Report } from './report.ts';
import { bytes } from './report.ts';
import { Team } from '../support/team.ts';

/** Figures of the last event. `differences` is what a comparison of every byte and all metadata found. */
export interface Summary {
  readonly files: number;
  readonly bytes: number;
  readonly packs: number;
  readonly packBytes: number;
  readonly snapshotState: 'captured' | 'protected';
  /** Every pack at the target, not only at the minimum. */
  readonly fullyReplicated: boolean;
  readonly repair: 'done';
  readonly repairedPacks: number;
  readonly killedHolder: string;
  readonly ownerDestroyed: boolean;
  readonly restoredBy: string;
  readonly differences: number;
  readonly panel: string;
}

/** Long enough for a folder of many gigabytes on a slow machine; every wait also ends early when a process does. */
const patienceMs = 3 * 60 * 60 * 1000;

/** The main job from beginning to end. Throws with what went wrong and where the logs are. */
export async function runScenario(options: DemoOptions, folder: string, report: Report): Promise<{ team: Team; summary: Summary }> {
  const platform = currentPlatform();
  if (options.from !== undefined && !existsSync(options.from)) throw new Error(`--from: there is no folder ${options.from}`);

  report.say('coordinator', 'Starting a coordinator with its embedded database, and setting up a team.');
  const team = await Team.start(folder);
  report.say('team', 'The team has its keys: the private halves exist in the recovery kit only.', { panel: team.coordinator.url });

  // Three others at most: with fewer than three the minimum is what there is, and a replacement joins after the loss.
  const replicas = Math.max(2, Math.min(3, options.agents - 2));
  await team.changeTeamPolicy((policy) => ({
    ...policy,
    replicas: { target: replicas, minimum: replicas },
    // A demo must run on a nearly full disk too; the real reserve is max(20 GB, 15 %).
    pledge: { maxBytes: null, reserveBytes: 256 * 1024 * 1024, reservePercent: 0 },
    schedule: { ...policy.schedule, ...inSeconds(3600), jitterSeconds: 0, catchUpSeconds: 0 },
    // Everything is backed up, what agents leave out by default (caches, trash) too: the comparison at the end counts every file.
    excludes: ['!**'],
  }));

  const ownerName = team.nextName();
  const ownerFolder = team.machineFolder(ownerName);
  const documents = options.from ?? join(ownerFolder, 'documents');
  const owner = await team.join(ownerName, [documents]);
  // The owner's machine is destroyed later, its documents with it; so the sample is written twice, and one is kept to compare with.
  const reference = options.from ?? join(folder, 'reference');
  if (options.from === undefined) {
    writeSample(platform, documents);
    writeSample(platform, reference);
  }
  while (team.agents.length < options.agents) await team.join(team.nextName());
  await until(
    'all agents online',
    async () => (await team.devices()).filter((d) => d.online && d.class !== 'coordinator').length >= options.agents,
    120_000,
  );
  report.say(
    'agents',
    `${options.agents} agents have joined, each its own process with its own folder: ${team.agents.map((a) => a.name).join(', ')}.`,
    {
      agents: team.agents.map((a) => ({ name: a.name, pid: a.daemon.pid })),
    },
  );

  const due = await scheduleSoon(team, owner);
  report.say('schedule', `${ownerName}'s backup of ${documents} is scheduled: cron "${due.cron}" (UTC).`, {
    cron: due.cron,
    folder: documents,
  });
  const snapshot = await watchUntilProtected(team, ownerName, report);
  report.say(
    'protected',
    `Protected: ${snapshot.stats.files} files, ${bytes(snapshot.stats.bytes)}, in ${snapshot.packs} packs, each on ${replicas} other machines.`,
    { state: snapshot.protection, files: snapshot.stats.files, bytes: snapshot.stats.bytes, packs: snapshot.packs, replicas },
  );

  const repaired = await killHolderAndWatchRepair(team, ownerName, replicas, report);

  report.say('destroy', `${ownerName}'s machine is destroyed: process killed, ${ownerFolder} deleted.`, { folder: ownerFolder });
  owner.daemon.kill('SIGKILL');
  await owner.daemon.ended;
  rmSync(ownerFolder, { recursive: true, force: true });

  const freshName = `${ownerName}-new`;
  const fresh = await team.join(freshName);
  const target = join(team.machineFolder(freshName), 'restored');
  report.say('fresh', `A fresh machine joins as ${freshName} and restores everything with the recovery kit.`);
  await restoreWithKit(team, fresh, ownerName, target, report);
  const restored = join(target, ...platform.split(platform.absolute(documents)).map((part) => part.toString()));
  const found = await compareTrees(reference, restored);
  for (const difference of found.slice(0, 20)) report.say('difference', `Differs: ${JSON.stringify(difference)}`, { difference });

  const { url: panel } = team.coordinator;
  const summary: Summary = {
    files: snapshot.stats.files,
    bytes: snapshot.stats.bytes,
    packs: snapshot.packs,
    packBytes: snapshot.stats.newPackBytes,
    snapshotState: snapshot.protection === 'captured' ? 'captured' : 'protected',
    fullyReplicated: snapshot.protection === 'full',
    repair: 'done',
    repairedPacks: repaired.packs,
    killedHolder: repaired.holder,
    ownerDestroyed: !existsSync(ownerFolder),
    restoredBy: freshName,
    differences: found.length,
    panel,
  };
  return { team, summary };
}

/** A backup within seconds. A time that comes before a busy machine has told the owner is owed to nobody: then one twice as far away. */
async function scheduleSoon(team: Team, owner: Agent): Promise<{ cron: string; timeZone: string }> {
  for (let seconds = 5; ; seconds *= 2) {
    const begunMs = Date.now();
    const due = inSeconds(seconds);
    await team.changeTeamPolicy((policy) => ({ ...policy, schedule: { ...policy.schedule, ...due } }));
    await until(`${owner.name} knows the schedule`, async () => {
      const { schedule } = lastEvent<{ schedule: { cron: string } }>(await owner.must(['status']));
      return schedule.cron === due.cron;
    });
    if (Date.now() - begunMs < (seconds - 1) * 1000) return due;
  }
}

/** A cron expression (with seconds) that fires once, that many seconds from now, or up to one sooner. */
function inSeconds(seconds: number): { cron: string; timeZone: string } {
  const at = new Date(Date.now() + seconds * 1000);
  return { cron: `${at.getUTCSeconds()} ${at.getUTCMinutes()} ${at.getUTCHours()} * * *`, timeZone: 'UTC' };
}

async function watchUntilProtected(team: Team, owner: string, report: Report): Promise<Snapshot> {
  let captured = false;
  return until(
    `${owner}'s snapshot protected`,
    async () => {
      const snapshot = await team.latestSnapshot(owner);
      if (!snapshot) {
        report.progress('waiting for the backup', { phase: 'capture' });
        return undefined;
      }
      if (!captured) {
        captured = true;
        const { stats } = snapshot;
        report.say(
          'captured',
          `Captured on ${owner}'s own disk in ${(stats.durationMs / 1000).toFixed(1)} s: ${bytes(stats.newPackBytes)} of packs. Not green yet.`,
          {
            files: stats.files,
            bytes: stats.bytes,
            packBytes: stats.newPackBytes,
            durationMs: stats.durationMs,
          },
        );
      }
      report.progress(`replicating: ${snapshot.packsBelowMinimum} of ${snapshot.packs} packs still below the minimum`, {
        phase: 'replicate',
        packs: snapshot.packs,
        packsBelowMinimum: snapshot.packsBelowMinimum,
      });
      return snapshot.protection === 'captured' ? undefined : snapshot;
    },
    patienceMs,
  );
}

async function killHolderAndWatchRepair(
  team: Team,
  owner: string,
  replicas: number,
  report: Report,
): Promise<{ holder: string; packs: number }> {
  // What devices hold is shown as of their last heartbeat, a moment after their receipts.
  const victim = await until(
    'a holder that reports its packs',
    async () =>
      (await team.devices())
        .filter((device) => device.name !== owner && device.class !== 'coordinator' && device.heldPacks > 0)
        .sort((a, b) => b.heldPacks - a.heldPacks)[0],
    60_000,
  );
  const holders = team.agents.length - 1;
  team.agents.find((agent) => agent.name === victim.name)?.daemon.kill('SIGKILL');
  report.say('kill', `${victim.name}, who holds ${victim.heldPacks} packs, is killed (SIGKILL) and does not come back.`, {
    holder: victim.name,
    packs: victim.heldPacks,
  });
  await until('the loss noticed', async () => ['missing', 'lost'].includes((await team.device(victim.name)).state), 120_000);
  if (holders - 1 < replicas) {
    const name = team.nextName();
    report.say(
      'replacement',
      `Only ${holders - 1} other machines are left for ${replicas} replicas, so ${name} joins in ${victim.name}'s place.`,
    );
    await team.join(name);
  }
  await until(
    'the repair done',
    async () => {
      const snapshot = await team.latestSnapshot(owner);
      const { repair } = await team.overview();
      report.progress(`repairing: ${repair.backlogPacks} packs to go`, { phase: 'repair', backlogPacks: repair.backlogPacks });
      return snapshot?.protection !== 'captured' && snapshot?.packsBelowMinimum === 0 && repair.backlogPacks === 0;
    },
    patienceMs,
  );
  report.say('repaired', `Repaired: ${victim.heldPacks} packs have new holders; every pack is on ${replicas} other machines again.`, {
    packs: victim.heldPacks,
  });
  return { holder: victim.name, packs: victim.heldPacks };
}

async function restoreWithKit(team: Team, fresh: Agent, owner: string, target: string, report: Report): Promise<void> {
  const { kit, passphrase } = team.recovery;
  await until('the fresh machine online', async () => (await team.device(fresh.name)).online, 60_000);
  const result = await fresh.must(
    ['restore', '--device', owner, '--recovery-kit', kit, '--passphrase-file', passphrase, '--to', target, '--verify'],
    patienceMs,
  );
  const last = result.events.at(-1);
  report.say('restored', `Restored to ${target}.`, { result: last });
}
