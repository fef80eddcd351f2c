import { cpSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { PackId } from '#libs/kernel';
import type { Agent, CommandResult } from '../support/agent.ts';
import { lastEvent } from '../support/agent.ts';
import { canMount, SmallDisk } from '../support/small-disk.ts';
import { incompressible } from '../support/sample-folder.ts';
import { Team } from '../support/team.ts';
import { MachineClock } from './clocks.ts';
import type { FoundPack } from './disks.ts';
import { Disks } from './disks.ts';
import type { Luck } from './luck.ts';

const KiB = 1024;
const MiB = 1024 * KiB;
/** Room of each machine for its own packs and the others'. */
const diskMiB = 1024;

/** What the harness has done to a machine and can take back. */
export interface Machine {
  readonly name: string;
  readonly agent: Agent;
  readonly clock: MachineClock;
  readonly disk: SmallDisk | undefined;
  /** Owners back a folder up; every machine holds for the others. */
  readonly documents: string | undefined;
  state: 'running' | 'stopped' | 'frozen';
  cutPorts: number[];
  diskFull: boolean;
}

/** A snapshot that the owner was told is captured, and what stood in its folder then. */
export interface Captured {
  readonly owner: string;
  readonly sequence: number;
  readonly copy: string;
}

/** A team of real processes, and the truth about it that the product is compared with. */
export class World {
  readonly team: Team;
  readonly machines: Machine[] = [];
  readonly captured: Captured[] = [];
  /** Whether this program has a network namespace of its own, in which it may cut connections. */
  readonly partitions: boolean;
  readonly #disks = new Disks();
  /** Intact packs by `machine/whose/packId`, as of the last look. */
  #known = new Map<string, FoundPack>();
  /** Copies that the harness itself has taken away or damaged since the last look. */
  readonly #ownDoing = new Set<string>();
  #changes = 0;
  #fresh: Agent | undefined;

  private constructor(team: Team, partitions: boolean) {
    this.team = team;
    this.partitions = partitions;
  }

  /** `owners` of the `machines` back folders up. Three replicas, two at least. */
  static async start(
    folder: string,
    options: { machines: number; owners: number; replicas: { target: number; minimum: number }; partitions: boolean },
  ): Promise<World> {
    mkdirSync(folder, { recursive: true });
    const team = await Team.start(join(folder, 'team'), { kitCost: { memoryKiB: 1024, passes: 1 } });
    await team.changeTeamPolicy((policy) => ({
      ...policy,
      replicas: options.replicas,
      pledge: { maxBytes: null, reserveBytes: 0, reservePercent: 0 },
      schedule: { ...policy.schedule, cron: '0 0 1 1 *', jitterSeconds: 0, catchUpSeconds: 0 },
    }));
    const world = new World(team, options.partitions);
    mkdirSync(join(folder, 'clocks'));
    const disks = canMount();
    for (let n = 0; n < options.machines; n += 1) {
      const name = team.nextName();
      const documents = n < options.owners ? join(folder, 'documents', name) : undefined;
      if (documents) mkdirSync(documents, { recursive: true });
      const clock = new MachineClock(join(folder, 'clocks', name));
      const home = team.machineFolder(name);
      mkdirSync(home, { recursive: true });
      // A disk of its own, so that it can be filled; owners keep theirs roomy.
      const disk = disks ? new SmallDisk(join(home, 'holdfast'), diskMiB) : undefined;
      const agent = await team.join(name, documents ? [documents] : [], { env: clock.environment() });
      world.machines.push({ name, agent, clock, disk, documents, state: 'running', cutPorts: [], diskFull: false });
    }
    return world;
  }

  machine(name: string): Machine {
    const found = this.machines.find((machine) => machine.name === name);
    if (!found) throw new Error(`there is no machine ${name}`);
    return found;
  }

  get owners(): Machine[] {
    return this.machines.filter((machine) => machine.documents !== undefined);
  }

  /** Somebody works: new files, a changed one, one that goes. */
  work(owner: Machine, luck: Luck): void {
    const folder = join(owner.documents!, `day-${(this.#changes += 1)}`);
    mkdirSync(folder, { recursive: true });
    for (let n = luck.below(30); n >= 0; n -= 1)
      writeFileSync(join(folder, `note-${n}.txt`), `${luck.below(1e9)} to be remembered\n`.repeat(1 + n));
    for (let n = luck.below(3); n > 0; n -= 1)
      writeFileSync(join(folder, `scan-${n}.raw`), incompressible(luck.below(24) * 128 * KiB + 4, 1 + luck.below(1e9)));
    writeFileSync(join(owner.documents!, 'diary.txt'), `day ${this.#changes}\n`.repeat(this.#changes * 50));
    if (luck.below(4) === 0) rmSync(join(owner.documents!, `day-${1 + luck.below(this.#changes)}`), { recursive: true, force: true });
  }

  /** What the owner was told is captured is owed from now on. */
  remember(owner: Machine, result: CommandResult): Captured | undefined {
    const last = lastEvent<{ event: string; sequence?: number }>(result);
    if (last.event !== 'result' || last.sequence === undefined) return undefined;
    const copy = join(this.team.folder, '..', 'copies', owner.name, String(last.sequence));
    cpSync(owner.documents!, copy, { recursive: true, preserveTimestamps: true, verbatimSymlinks: true });
    const captured = { owner: owner.name, sequence: last.sequence, copy };
    this.captured.push(captured);
    return captured;
  }

  look(): FoundPack[] {
    return this.#disks.inspect(this.machines.map(({ name, agent }) => ({ name, home: agent.home })));
  }

  /** Only copies that leave another intact one elsewhere: what is promised holds while at least one exists. */
  expendable(found: readonly FoundPack[], whose: FoundPack['whose']): FoundPack[] {
    const intact = new Map<PackId, number>();
    for (const pack of found) if (pack.intact) intact.set(pack.packId, (intact.get(pack.packId) ?? 0) + 1);
    return found.filter((pack) => pack.whose === whose && pack.intact && intact.get(pack.packId)! > 1);
  }

  /** The harness is about to damage or remove this copy. */
  blame(pack: FoundPack): void {
    this.#ownDoing.add(keyOf(pack));
  }

  /** Copies that were intact at the last look and are not any more, though nobody here touched them. */
  vanished(found: readonly FoundPack[]): FoundPack[] {
    const now = new Map(found.filter((pack) => pack.intact).map((pack) => [keyOf(pack), pack]));
    const gone = [...this.#known.values()].filter((pack) => !now.has(keyOf(pack)) && !this.#ownDoing.has(keyOf(pack)));
    this.#known = now;
    this.#ownDoing.clear();
    return gone;
  }

  /** A machine that has joined and holds nothing, not even packs of its own. */
  async freshMachine(): Promise<Agent> {
    this.#fresh ??= await this.team.enrol('fresh');
    return this.#fresh;
  }

  /** Ports on which a machine's daemon listens now, as its log says. */
  portsOf(machine: Machine): number[] {
    const ready =
      machine.agent.daemon
        .output()
        .split('\n')
        .findLast((line) => line.includes('"daemon ready"')) ?? '';
    return [...new Set([...ready.matchAll(/\/tcp\/(\d+)/g)].map((match) => Number(match[1])))];
  }

  async stop(): Promise<void> {
    for (const machine of this.machines) if (machine.state === 'frozen') machine.agent.daemon.kill('SIGCONT');
    await this.team.stop();
    for (const machine of this.machines) machine.disk?.remove();
  }
}

const keyOf = (pack: FoundPack): string => `${pack.machine}/${pack.whose}/${pack.packId}`;
/** A disk that is filled keeps at most this much: less than a pack, more than a state file. */
export const roomBytes = 4 * MiB;
