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
const inState = (world: World, state: Machine['state']): Machine[] => world.machines.filter((machine) => machine.state === state);
const withRoom = (world: World): Machine[] => running(world).filter((machine) => machine.disk && !machine.diskFull);
const reachable = (world: World): Machine[] => running(world).filter((machine) => machine.cutPorts.length === 0);

/** Something that happens to one of some machines, when there are more of them than `spared`. */
function toMachine(
  event: Pick<ChaosEvent, 'name' | 'weight'>,
  among: (world: World) => readonly Machine[],
  act: (machine: Machine, world: World, luck: Luck) => Promise<string | void> | string | void,
  spared = 0,
): ChaosEvent {
  return {
    ...event,
    possible: (world) => among(world).length > spared,
    async run(world, luck) {
      const machine = luck.pick(among(world));
      const more = await act(machine, world, luck);
      return more === undefined ? machine.name : `${machine.name}: ${more}`;
    },
  };
}

/** Something that happens to a pack whose loss there leaves copies enough. */
function toPack(event: Pick<ChaosEvent, 'name' | 'weight'>, where: 'own' | 'held', act: (pack: FoundPack, luck: Luck) => void): ChaosEvent {
  return {
    ...event,
    possible: (world) => world.captured.length > 0,
    async run(world, luck) {
      const packs = world.expendable(world.look(), where);
      if (packs.length === 0) return 'nothing to spare';
      const pack = luck.pick(packs);
      world.blame(pack);
      act(pack, luck);
      return `${pack.machine}: ${pack.packId}`;
    },
  };
}

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
  toMachine({ name: 'backup', weight: 6 }, runningOwners, async (owner, world, luck) => {
    world.work(owner, luck);
    return settle(world, owner, await owner.agent.run(['backup'], backupLimitMs));
  }),
  toMachine({ name: 'kill -9 in the middle of a backup', weight: 3 }, runningOwners, async (owner, world, luck) => {
    world.work(owner, luck);
    const backup = owner.agent.begin(['backup'], backupLimitMs);
    const afterMs = luck.below(1_500);
    await sleep(afterMs);
    await owner.agent.kill();
    const result = await backup.result;
    const said = lastEvent<{ event: string }>(result).event === 'result' ? settle(world, owner, result) : 'cut off';
    await owner.agent.daemonReady();
    return `after ${afterMs} ms: ${said}`;
  }),
  toMachine(
    { name: 'kill -9 of a machine', weight: 3 },
    running,
    async (machine) => {
      await machine.agent.kill();
      machine.state = 'stopped';
    },
    2,
  ),
  toMachine(
    { name: 'a machine comes back', weight: 4 },
    (world) => inState(world, 'stopped'),
    async (machine) => {
      await machine.agent.daemonReady();
      machine.state = 'running';
    },
  ),
  toMachine(
    { name: 'a machine freezes (SIGSTOP) and its sockets stall', weight: 2 },
    running,
    (machine) => {
      machine.agent.daemon.kill('SIGSTOP');
      machine.state = 'frozen';
    },
    2,
  ),
  toMachine(
    { name: 'a frozen machine thaws', weight: 4 },
    (world) => inState(world, 'frozen'),
    (machine) => {
      machine.agent.daemon.kill('SIGCONT');
      machine.state = 'running';
    },
  ),
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
  toPack({ name: 'bits rot at a holder', weight: 3 }, 'held', rot),
  toPack({ name: "bits rot on an owner's disk", weight: 1 }, 'own', rot),
  toPack({ name: 'a holder drops packs and says nothing', weight: 2 }, 'held', (pack) => rmSync(pack.path)),
  toMachine({ name: 'a disk is full', weight: 2 }, withRoom, (machine, _world, luck) => {
    const { bavail, bsize } = statfsSync(machine.disk!.path);
    machine.diskFull = true;
    try {
      writeFileSync(join(machine.disk!.path, ballast), Buffer.alloc(Math.max(0, bavail * bsize - luck.below(roomBytes))));
    } catch (error) {
      // The machine writes at the same time: then it is full all the sooner.
      if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error;
    }
  }),
  toMachine({ name: 'a full disk has room again', weight: 4 }, (world) => world.machines.filter((one) => one.diskFull), emptyDisk),
  toMachine(
    { name: 'a clock jumps', weight: 2 },
    (world) => (MachineClock.library === undefined ? [] : world.machines),
    (machine, _world, luck) => {
      machine.clock.set(luck.pick([-30 * day, -day, -600, 600, day, 30 * day, 400 * day]));
      return `${machine.clock.offsetSeconds} s`;
    },
  ),
  toMachine(
    { name: 'a machine can not be reached', weight: 2 },
    (world) => (world.partitions ? reachable(world) : []),
    (machine, world) => {
      machine.cutPorts = world.portsOf(machine);
      network.cut(machine.cutPorts);
      return `ports ${machine.cutPorts.join(', ')}`;
    },
  ),
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
