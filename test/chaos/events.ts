import { closeSync, fstatSync, openSync, readSync, rmSync, statfsSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { CommandResult } from '../support/agent.ts';
import { lastEvent } from '../support/agent.ts';
import type { FoundPack } from './disks.ts';
import type { Luck } from './luck.ts';
import { MachineClock } from './clocks.ts';
import { network } from './network.ts';
import type { Machine, World } from './world.ts';
import { roomBytes } from './world.ts';

/** One thing that happens to a team. `run` says what it did, for the log of a schedule that failed. */
export interface ChaosEvent {
  readonly name: string;
  /** How often it is drawn, against the others. */
  readonly weight: number;
  possible(world: World): boolean;
  run(world: World, luck: Luck): Promise<string>;
}

const day = 86_400;
/** Longer than any backup of what a schedule writes; a frozen coordinator or a stalled socket must not hold one up for ever. */
const backupLimitMs = 120_000;
const ballast = 'ballast';

const running = (world: World): Machine[] => world.machines.filter((machine) => machine.state === 'running');
const runningOwners = (world: World): Machine[] => running(world).filter((machine) => machine.documents !== undefined && !machine.diskFull);

/** A backup either captures, and is owed from then on, or says why not; it never ends in an unknown way. */
function settle(world: World, owner: Machine, result: CommandResult): string {
  const captured = world.remember(owner, result);
  const last = lastEvent<{ event: string; code?: string }>(result);
  if (!captured && last.event !== 'error')
    throw new Error(`a backup of ${owner.name} ended with ${result.exitCode} and neither result nor error`);
  if (last.code === 'internal') throw new Error(`a backup of ${owner.name} failed for no known reason:\n${result.output.slice(-3000)}`);
  return captured ? `captured ${captured.sequence}` : `not captured: ${last.code}`;
}

/** Turns a bit over; the size stays, as on a disk that rots. */
function rot(pack: FoundPack, luck: Luck): void {
  const file = openSync(pack.path, 'r+');
  try {
    const at = luck.below(fstatSync(file).size);
    const byte = Buffer.alloc(1);
    readSync(file, byte, 0, 1, at);
    byte[0] = byte[0]! ^ (1 << luck.below(8));
    writeSync(file, byte, 0, 1, at);
  } finally {
    closeSync(file);
  }
}

export const chaosEvents: readonly ChaosEvent[] = [
  {
    name: 'backup',
    weight: 6,
    possible: (world) => runningOwners(world).length > 0,
    async run(world, luck) {
      const owner = luck.pick(runningOwners(world));
      world.work(owner, luck);
      return `${owner.name}: ${settle(world, owner, await owner.agent.run(['backup'], backupLimitMs))}`;
    },
  },
  {
    name: 'kill -9 in the middle of a backup',
    weight: 3,
    possible: (world) => runningOwners(world).length > 0,
    async run(world, luck) {
      const owner = luck.pick(runningOwners(world));
      world.work(owner, luck);
      const backup = owner.agent.begin(['backup'], backupLimitMs);
      const afterMs = luck.below(1_500);
      await sleep(afterMs);
      await owner.agent.kill();
      const result = await backup.result;
      const said = lastEvent<{ event: string }>(result).event === 'result' ? settle(world, owner, result) : 'cut off';
      await owner.agent.daemonReady();
      return `${owner.name} after ${afterMs} ms: ${said}`;
    },
  },
  {
    name: 'kill -9 of a machine',
    weight: 3,
    possible: (world) => running(world).length > 2,
    async run(world, luck) {
      const machine = luck.pick(running(world));
      await machine.agent.kill();
      machine.state = 'stopped';
      return machine.name;
    },
  },
  {
    name: 'a machine comes back',
    weight: 4,
    possible: (world) => world.machines.some((machine) => machine.state === 'stopped'),
    async run(world, luck) {
      const machine = luck.pick(world.machines.filter((one) => one.state === 'stopped'));
      await machine.agent.daemonReady();
      machine.state = 'running';
      return machine.name;
    },
  },
  {
    name: 'a machine freezes (SIGSTOP) and its sockets stall',
    weight: 2,
    possible: (world) => running(world).length > 2,
    async run(world, luck) {
      const machine = luck.pick(running(world));
      machine.agent.daemon.kill('SIGSTOP');
      machine.state = 'frozen';
      return machine.name;
    },
  },
  {
    name: 'a frozen machine thaws',
    weight: 4,
    possible: (world) => world.machines.some((machine) => machine.state === 'frozen'),
    async run(world, luck) {
      const machine = luck.pick(world.machines.filter((one) => one.state === 'frozen'));
      machine.agent.daemon.kill('SIGCONT');
      machine.state = 'running';
      return machine.name;
    },
  },
  {
    name: 'kill -9 of the coordinator, and a start',
    weight: 2,
    possible: () => true,
    async run(world, luck) {
      world.team.coordinator.process.kill('SIGKILL');
      await sleep(luck.below(2_000));
      await world.team.restartCoordinator();
      return 'restarted';
    },
  },
  {
    name: 'bits rot at a holder',
    weight: 3,
    possible: (world) => world.captured.length > 0,
    async run(world, luck) {
      const packs = world.expendable(world.look(), 'held');
      if (packs.length === 0) return 'nothing to spare';
      const pack = luck.pick(packs);
      world.blame(pack);
      rot(pack, luck);
      return `${pack.machine}: ${pack.packId}`;
    },
  },
  {
    name: "bits rot on an owner's disk",
    weight: 1,
    possible: (world) => world.captured.length > 0,
    async run(world, luck) {
      const packs = world.expendable(world.look(), 'own');
      if (packs.length === 0) return 'nothing to spare';
      const pack = luck.pick(packs);
      world.blame(pack);
      rot(pack, luck);
      return `${pack.machine}: ${pack.packId}`;
    },
  },
  {
    name: 'a holder drops packs and says nothing',
    weight: 2,
    possible: (world) => world.captured.length > 0,
    async run(world, luck) {
      const packs = world.expendable(world.look(), 'held');
      if (packs.length === 0) return 'nothing to spare';
      const pack = luck.pick(packs);
      world.blame(pack);
      rmSync(pack.path);
      return `${pack.machine}: ${pack.packId}`;
    },
  },
  {
    name: 'a disk is full',
    weight: 2,
    possible: (world) => running(world).some((machine) => machine.disk && !machine.diskFull),
    async run(world, luck) {
      const machine = luck.pick(running(world).filter((one) => one.disk && !one.diskFull));
      const { bavail, bsize } = statfsSync(machine.disk!.path);
      machine.diskFull = true;
      try {
        writeFileSync(join(machine.disk!.path, ballast), Buffer.alloc(Math.max(0, bavail * bsize - luck.below(roomBytes))));
      } catch (error) {
        // The machine writes at the same time: then it is full all the sooner.
        if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error;
      }
      return machine.name;
    },
  },
  {
    name: 'a full disk has room again',
    weight: 4,
    possible: (world) => world.machines.some((machine) => machine.diskFull),
    async run(world, luck) {
      const machine = luck.pick(world.machines.filter((one) => one.diskFull));
      emptyDisk(machine);
      return machine.name;
    },
  },
  {
    name: 'a clock jumps',
    weight: 2,
    possible: () => MachineClock.library !== undefined,
    async run(world, luck) {
      const machine = luck.pick(world.machines);
      machine.clock.set(luck.pick([-30 * day, -day, -600, 600, day, 30 * day, 400 * day]));
      return `${machine.name}: ${machine.clock.offsetSeconds} s`;
    },
  },
  {
    name: 'a machine can not be reached',
    weight: 2,
    possible: (world) => world.partitions && running(world).some((machine) => machine.cutPorts.length === 0),
    async run(world, luck) {
      const machine = luck.pick(running(world).filter((one) => one.cutPorts.length === 0));
      machine.cutPorts = world.portsOf(machine);
      network.cut(machine.cutPorts);
      return `${machine.name}: ports ${machine.cutPorts.join(', ')}`;
    },
  },
  {
    name: 'the coordinator can not be reached for a while',
    weight: 1,
    possible: (world) => world.partitions,
    async run(world, luck) {
      const ports = [world.team.coordinator.port];
      network.cut(ports);
      try {
        const owner = runningOwners(world)[0];
        if (!owner) return 'nobody backed up meanwhile';
        world.work(owner, luck);
        return `${owner.name} meanwhile: ${settle(world, owner, await owner.agent.run(['backup'], backupLimitMs))}`;
      } finally {
        network.mend(ports);
      }
    },
  },
];

function emptyDisk(machine: Machine): void {
  rmSync(join(machine.disk!.path, ballast), { force: true });
  machine.diskFull = false;
}

/** Takes back everything that can be taken back: what follows must come right by itself. */
export async function heal(world: World): Promise<void> {
  for (const machine of world.machines) {
    if (machine.diskFull) emptyDisk(machine);
    machine.clock.set(0);
    if (machine.cutPorts.length > 0) network.mend(machine.cutPorts);
    machine.cutPorts = [];
    if (machine.state === 'frozen') machine.agent.daemon.kill('SIGCONT');
    if (machine.state === 'stopped') await machine.agent.daemonReady();
    machine.state = 'running';
  }
}
