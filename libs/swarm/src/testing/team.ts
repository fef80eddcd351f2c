import { join } from 'node:path';
import { cryptoReady } from '#libs/crypto';
import type { RosterMember } from '#libs/contracts';
import { HeldPackStore } from '../pack-store/held-pack-store.ts';
import { FilePackStore } from '../pack-store/file-pack-store.ts';
import { startSwarm } from '../swarm.ts';
import type { Swarm, SwarmEvent, SwarmOptions } from '../swarm-types.ts';
import type { TestDevice } from './builders.ts';
import { aDevice, aFolder, aMember, aRoster } from './builders.ts';

export interface TestNode {
  readonly device: TestDevice;
  readonly own: FilePackStore;
  readonly held: HeldPackStore;
  readonly swarm: Swarm;
  readonly events: SwarmEvent[];
  /** As the roster names it. */
  member(changes?: Partial<RosterMember>): RosterMember;
}

/** Several swarms in this process, on loopback, each with its stores in a folder that goes away at the end. */
export class TestTeam {
  readonly nodes: TestNode[] = [];
  readonly folder: string;
  readonly #remove: () => Promise<void>;
  #version = 0;

  private constructor(folder: string, remove: () => Promise<void>) {
    this.folder = folder;
    this.#remove = remove;
  }

  /** `count` nodes, all of them members of one roster. */
  static async of(count: number, options: Partial<SwarmOptions> = {}): Promise<TestTeam> {
    await cryptoReady();
    const { path, remove } = await aFolder();
    const team = new TestTeam(path, remove);
    for (let n = 0; n < count; n += 1) await team.add(n, options);
    await team.enrol();
    return team;
  }

  /** Starts node `n` without putting it on any roster. */
  async add(n: number, options: Partial<SwarmOptions> = {}): Promise<TestNode> {
    const device = aDevice(n);
    const own = await FilePackStore.open(join(this.folder, String(n), 'own'), { name: 'own packs' });
    const held = await HeldPackStore.open(join(this.folder, String(n), 'held'));
    const events: SwarmEvent[] = [];
    const swarm = await startSwarm({
      seed: device.seed,
      listen: ['/ip4/127.0.0.1/tcp/0'],
      stores: [own, held.packs],
      onEvent: (event) => events.push(event),
      ...options,
    });
    const node: TestNode = {
      device,
      own,
      held,
      swarm,
      events,
      member: (changes) => aMember(device, { addresses: swarm.addresses(), ...changes }),
    };
    this.nodes.push(node);
    return node;
  }

  /** Gives everybody (or only `to`) a newer roster of these members. */
  async enrol(
    members: readonly RosterMember[] = this.nodes.map((node) => node.member()),
    to: readonly TestNode[] = this.nodes,
  ): Promise<void> {
    this.#version += 1;
    for (const node of to) await node.swarm.setRoster(aRoster(this.#version, members));
  }

  async stop(): Promise<void> {
    for (const node of this.nodes) await node.swarm.stop();
    await this.#remove();
  }
}
