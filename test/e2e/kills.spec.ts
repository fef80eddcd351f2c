import { beforeAll, describe, expect, it } from '@jest/globals';
import { cpSync, mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { compareTrees } from '#libs/engine';
import { seededRandom } from '#libs/kernel/testing';
import type { Agent, CommandResult } from '../support/agent.ts';
import { lastEvent } from '../support/agent.ts';
import { until } from '../support/processes.ts';
import { incompressible } from '../support/sample-folder.ts';
import { restoredPath } from '../support/restored-path.ts';
import { teamForTests } from '../support/team-for-tests.ts';

const MiB = 1024 * 1024;
/** HOLDFAST_SEED repeats a run; the moments are the same up to what else the machine does. */
const seed = Number(process.env['HOLDFAST_SEED'] ?? Date.now() % 1_000_000);
const random = seededRandom(seed);
const below = (limit: number): number => Buffer.from(random.bytes(4)).readUInt32LE() % limit;

describe(`kill -9 at random moments (HOLDFAST_SEED=${seed})`, () => {
  const scene = teamForTests();
  const documents = join(scene.folder, 'documents');
  /** By snapshot: a copy of what was backed up. */
  const copies = new Map<number, string>();
  const agents = new Map<string, Agent>();
  const agent = (name: string): Agent => agents.get(name)!;
  /** How long a backup takes here, and a restore. */
  let backupMs = 0;
  let restoreMs = 0;
  let change = 0;

  /** Somebody works on: new files, a changed one, a renamed one. */
  function work(): void {
    change += 1;
    const folder = join(documents, `week-${change}`);
    mkdirSync(folder, { recursive: true });
    for (let n = 0; n < 60; n += 1) writeFileSync(join(folder, `note-${n}.txt`), `${change}.${n}: to be remembered\n`.repeat(1 + n));
    for (let n = 0; n < 3; n += 1) writeFileSync(join(folder, `scan-${n}.raw`), incompressible(2 * MiB, change * 10 + n + 1));
    writeFileSync(join(documents, 'diary.txt'), `week ${change}\n`.repeat(change * 1000));
    if (change > 1) renameSync(join(documents, `week-${change - 1}`, 'note-1.txt'), join(folder, 'taken over.txt'));
  }

  /** What is backed up must stay comparable after the folder has gone on. */
  function remember(sequence: number): void {
    const copy = join(scene.folder, 'copies', String(sequence));
    cpSync(documents, copy, { recursive: true, preserveTimestamps: true, verbatimSymlinks: true });
    copies.set(sequence, copy);
  }

  async function expectRestorable(sequence: number): Promise<void> {
    const target = join(scene.folder, 'restored');
    await agent('ada').must(['restore', '--snapshot', String(sequence), '--to', target]);
    // Copies of the tests have times of milliseconds, so times are compared where the folder itself is at hand.
    const differences = await compareTrees(copies.get(sequence)!, restoredPath(target, documents), { ignore: ['mtime'] });
    expect({ sequence, differences }).toEqual({ sequence, differences: [] });
    rmSync(target, { recursive: true });
  }

  /** The next backup goes on and captures everything; every earlier snapshot is still whole. */
  async function expectNothingLost(): Promise<void> {
    const next = lastEvent<{ sequence: number; stats: { errors: number } }>(await agent('ada').must(['backup']));
    expect(next.stats.errors).toBe(0);
    remember(next.sequence);
    const target = join(scene.folder, 'restored-now');
    await agent('ada').must(['restore', '--to', target]);
    expect(await compareTrees(documents, restoredPath(target, documents))).toEqual([]);
    rmSync(target, { recursive: true });
    const listed = (await agent('ada').must(['snapshots'])).events.filter((e) => e['type'] === 'snapshot').map((e) => e['sequence']);
    for (const sequence of copies.keys()) expect(listed).toContain(sequence);
    const oldest = Math.min(...copies.keys());
    await expectRestorable(oldest);
    expect(lastEvent(await agent('ada').must(['check', '--read-data']))).toMatchObject({ ok: true, errors: 0 });
  }

  const protectedAgain = (): Promise<unknown> =>
    until(
      'the newest snapshot protected',
      async () => {
        const latest = await scene.team.latestSnapshot('ada');
        if (latest?.sequence === Math.max(...copies.keys()) && latest.packsBelowMinimum === 0) return true;
        // What it waits for stands in the failure.
        const [{ repair, reasons }, devices] = await Promise.all([scene.team.overview(), scene.team.devices()]);
        const states = devices.map(({ name, state, online, stateReason }) => ({ name, state, online, stateReason }));
        throw new Error(JSON.stringify({ latest, newest: Math.max(...copies.keys()), repair, reasons, states }));
      },
      150_000,
    );

  async function timed(command: Promise<CommandResult>): Promise<number> {
    const startedMs = performance.now();
    await command;
    return Math.ceil(performance.now() - startedMs);
  }

  beforeAll(async () => {
    work();
    agents.set('ada', await scene.team.join('ada', [documents]));
    for (const name of ['ben', 'chloe']) agents.set(name, await scene.team.join(name));
    backupMs = await timed(agent('ada').must(['backup']));
    remember(1);
    await protectedAgain();
    restoreMs = await timed(agent('ada').must(['restore', '--to', join(scene.folder, 'timed')]));
  });

  it("of the owner's daemon during a backup", async () => {
    for (let round = 0; round < 2; round += 1) {
      work();
      const backup = agent('ada').begin(['backup']);
      await sleep(below(backupMs));
      await agent('ada').kill();
      await backup.result;
      await agent('ada').daemonReady();
    }
    await expectNothingLost();
    await protectedAgain();
  });

  it('of the owner that backs up without a daemon', async () => {
    await agent('ada').stop();
    for (let round = 0; round < 2; round += 1) {
      work();
      const backup = agent('ada').begin(['backup']);
      await sleep(below(backupMs));
      backup.process.kill('SIGKILL');
      await backup.result;
    }
    await expectNothingLost();
    await agent('ada').daemonReady();
    await protectedAgain();
  });

  it('of a holder during replication', async () => {
    work();
    const backup = agent('ada').begin(['backup']);
    await sleep(below(2 * backupMs));
    await agent('ben').kill();
    expect((await backup.result).exitCode).toBe(0);
    await agent('ben').daemonReady();
    await expectNothingLost();
    await protectedAgain();
  });

  it('of the coordinator while a backup is captured and replicated', async () => {
    work();
    const backup = agent('ada').begin(['backup']);
    await sleep(below(2 * backupMs));
    scene.team.coordinator.process.kill('SIGKILL');
    // The owner's part does not need it.
    expect((await backup.result).exitCode).toBe(0);
    await expectNothingLost();
    await scene.team.restartCoordinator();
    await protectedAgain();
  });

  it('of the coordinator, and its holders are heard of only after the owner', async () => {
    work();
    scene.team.coordinator.process.kill('SIGKILL');
    remember(lastEvent<{ sequence: number }>(await agent('ada').must(['backup'])).sequence);
    for (const name of ['ben', 'chloe']) agent(name).daemon.kill('SIGSTOP');
    await scene.team.restartCoordinator();
    // Soon enough that nobody counts as asleep: their coming back is no change that anybody would act on.
    await until('the new packs announced', async () => (await scene.team.overview()).repair.backlogPacks > 0, 60_000, 50);
    for (const name of ['ben', 'chloe']) agent(name).daemon.kill('SIGCONT');
    await protectedAgain();
  });

  it('of the agent that restores: the next try completes the same folder', async () => {
    const { kit, passphrase } = scene.team.recovery;
    await agent('ada').stop();
    const fresh = await scene.team.enrol('ada-new');
    const target = join(scene.folder, 'fresh');
    const args = ['restore', '--device', 'ada', '--recovery-kit', kit, '--passphrase-file', passphrase, '--to', target];
    for (let round = 0; round < 2; round += 1) {
      const restore = fresh.begin(args);
      await sleep(below(2 * restoreMs));
      restore.process.kill('SIGKILL');
      await restore.result;
    }
    expect(lastEvent(await fresh.must([...args, '--conflict', 'overwrite', '--verify']))).toMatchObject({ errors: 0 });
    expect(await compareTrees(documents, restoredPath(target, documents))).toEqual([]);
  });
});
