import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import type { PackId } from '#libs/kernel';
import { compareTrees } from '#libs/engine';
import { lastEvent } from '../support/agent.ts';
import { until } from '../support/processes.ts';
import { restoredPath } from '../support/restored-path.ts';
import type { FoundPack } from './disks.ts';
import type { Luck } from './luck.ts';
import type { Captured, World } from './world.ts';

/** Something that must never be, was. */
export class Violation extends Error {
  override readonly name = 'Violation';
}

/** Half as long again as the slowest machine seen needs for what a schedule leaves behind. */
const settleLimitMs = 180_000;

/**
 * After every event, with the team in any state: no copy of a pack goes away or goes bad but by the harness's own hand.
 * So nothing is lost while an intact copy exists, and nothing is deleted before its hold, whatever the clocks say.
 */
export function checkStep(world: World): void {
  const gone = world.vanished(world.look());
  if (gone.length > 0) throw new Violation(`copies went away by themselves: ${gone.map(describe).join('; ')}`);
}

/** After everything was taken back: the team mends itself, and what it says is what the disks say. */
export async function checkSettled(world: World): Promise<void> {
  await until('every machine back', async () => everybodyBack(world), settleLimitMs, 500);
  // What lies on a disk and is bad can be known by reading it only: everybody proves and reads everything now, not within the month.
  const { admin } = world.team.setup;
  for (const { deviceId, name } of await world.team.devices()) {
    if (world.machines.some((machine) => machine.name === name))
      await admin.send('POST', `/api/v1/devices/${deviceId}/audits`, z.unknown());
  }
  await until('every snapshot protected and no repair left', () => settled(world), settleLimitMs, 500);
  const found = world.look();
  const missing = packsOfSnapshots(found).filter(({ copies }) => copies === 0);
  if (missing.length > 0) throw new Violation(`no intact copy is left of ${missing.map(({ packId }) => packId).join(', ')}`);
  await until(
    'what is shown is what the disks have',
    async () => {
      const differences = await countDifferences(world);
      if (differences.length > 0) throw new Violation(`shown counts differ from the disks: ${differences.join('; ')}`);
      return true;
    },
    settleLimitMs,
    1_000,
  );
}

async function everybodyBack(world: World): Promise<boolean> {
  const devices = new Map((await world.team.devices()).map((device) => [device.name, device]));
  const back = ({ name }: { name: string }): boolean => devices.get(name)?.online === true && devices.get(name)?.state === 'active';
  return world.machines.every(back);
}

async function settled(world: World): Promise<boolean> {
  if (!(await everybodyBack(world))) return false;
  for (const owner of world.owners) {
    const newest = Math.max(0, ...world.captured.filter((one) => one.owner === owner.name).map((one) => one.sequence));
    if (newest === 0) continue;
    const latest = await world.team.latestSnapshot(owner.name);
    if (!latest || latest.sequence < newest || latest.packsBelowMinimum > 0) return false;
  }
  const { repair } = await world.team.overview();
  return repair.backlogPacks === 0 && repair.runningJobs === 0;
}

/** Replicas per device and per pack: as shown, and as hashed from the disks. */
async function countDifferences(world: World): Promise<string[]> {
  const held = world.look().filter((pack) => pack.whose === 'held');
  const differences: string[] = [];
  for (const device of await world.team.devices()) {
    if (device.class === 'coordinator') continue;
    const onDisk = held.filter((pack) => pack.machine === device.name && pack.intact).length;
    if (device.heldPacks !== onDisk) differences.push(`${device.name} is shown with ${device.heldPacks} packs and has ${onDisk}`);
  }
  const copies = new Map<PackId, number>();
  for (const pack of held) if (pack.intact) copies.set(pack.packId, (copies.get(pack.packId) ?? 0) + 1);
  const counts = { zero: 0, one: 0, two: 0, threeOrMore: 0 };
  for (const n of copies.values()) counts[n === 1 ? 'one' : n === 2 ? 'two' : 'threeOrMore'] += 1;
  const { replicaHistogram: shown } = await world.team.overview();
  for (const key of ['one', 'two', 'threeOrMore'] as const) {
    if (shown[key] !== counts[key]) differences.push(`packs with ${key} replicas: shown ${shown[key]}, on the disks ${counts[key]}`);
  }
  return differences;
}

function packsOfSnapshots(found: readonly FoundPack[]): { packId: PackId; copies: number }[] {
  const copies = new Map<PackId, number>();
  for (const pack of found) copies.set(pack.packId, (copies.get(pack.packId) ?? 0) + (pack.intact ? 1 : 0));
  return [...copies].map(([packId, count]) => ({ packId, copies: count }));
}

/** A snapshot comes back byte for byte: at its owner, and on a machine that has nothing but the recovery kit. */
export async function checkRestore(world: World, luck: Luck): Promise<string> {
  if (world.captured.length === 0) return 'nothing captured yet';
  const captured = luck.pick(world.captured);
  const target = join(world.team.folder, '..', 'restored');
  rmSync(target, { recursive: true, force: true });
  const withKit = luck.below(2) === 0;
  const { kit, passphrase } = world.team.recovery;
  const agent = withKit ? await world.freshMachine() : world.machine(captured.owner).agent;
  const access = withKit ? ['--device', captured.owner, '--recovery-kit', kit, '--passphrase-file', passphrase] : [];
  const result = await agent.run(['restore', '--snapshot', String(captured.sequence), '--to', target, ...access], settleLimitMs);
  if (result.exitCode !== 0) throw new Violation(`${name(captured)} did not restore: ${JSON.stringify(lastEvent(result))}`);
  // Copies made by the harness have times of milliseconds.
  const differences = await compareTrees(captured.copy, restoredPath(target, world.machine(captured.owner).documents!), {
    ignore: ['mtime'],
  });
  rmSync(target, { recursive: true, force: true });
  if (differences.length > 0) throw new Violation(`${name(captured)} came back different: ${JSON.stringify(differences.slice(0, 5))}`);
  return `${name(captured)}${withKit ? ' with the kit' : ''}`;
}

const name = (captured: Captured): string => `snapshot ${captured.sequence} of ${captured.owner}`;
const describe = (pack: FoundPack): string => `${pack.packId} (${pack.whose}) at ${pack.machine}`;
