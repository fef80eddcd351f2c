import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import type { DeviceSummary, Overview, Policy, Snapshot } from '#libs/contracts';
import { deviceSummary, overview, pageOf, policyDocument, snapshot } from '#libs/contracts';
import type { PassphraseCost } from '#libs/crypto';
import type { AgentOptions } from './agent.ts';
import { Agent } from './agent.ts';
import type { Coordinator, TeamSetup } from './coordinator.ts';
import { newJoinLink, setUpTeam, startCoordinator } from './coordinator.ts';

const names = [
  'ada',
  'ben',
  'chloe',
  'dan',
  'eva',
  'finn',
  'grace',
  'hugo',
  'ines',
  'jack',
  'kim',
  'leo',
  'mia',
  'noah',
  'olga',
  'pia',
  'quinn',
  'rosa',
  'sam',
  'tess',
];

const devicePage = pageOf(deviceSummary);
const snapshotPage = pageOf(snapshot);

/** A coordinator and its agents, each an operating-system process with a folder of its own below `folder`. */
export class Team {
  readonly folder: string;
  #coordinator: Coordinator;
  readonly setup: TeamSetup;
  readonly agents: Agent[] = [];
  readonly #env: Record<string, string> | undefined;

  private constructor(folder: string, coordinator: Coordinator, setup: TeamSetup, env: Record<string, string> | undefined) {
    this.folder = folder;
    this.#env = env;
    this.#coordinator = coordinator;
    this.setup = setup;
  }

  static async start(folder: string, options: { kitCost?: PassphraseCost; coordinatorEnv?: Record<string, string> } = {}): Promise<Team> {
    const home = join(folder, 'coordinator', 'data');
    const coordinator = await startCoordinator({ home, ...(options.coordinatorEnv && { env: options.coordinatorEnv }) });
    const setup = await setUpTeam(coordinator, options.kitCost ? { cost: options.kitCost } : {});
    mkdirSync(join(folder, 'recovery'), { mode: 0o700 });
    writeFileSync(join(folder, 'recovery', 'kit.json'), setup.recoveryKit, { mode: 0o600 });
    writeFileSync(join(folder, 'recovery', 'passphrase'), `${setup.kitPassphrase}\n`, { mode: 0o600 });
    return new Team(folder, coordinator, setup, options.coordinatorEnv);
  }

  get recovery(): { kit: string; passphrase: string } {
    return { kit: join(this.folder, 'recovery', 'kit.json'), passphrase: join(this.folder, 'recovery', 'passphrase') };
  }

  nextName(): string {
    return names[this.agents.length % names.length]!;
  }

  machineFolder(name: string): string {
    return join(this.folder, 'machines', name);
  }

  get coordinator(): Coordinator {
    return this.#coordinator;
  }

  /** After its process has ended: the same data, port and settings again, so that sessions and agents find it. */
  async restartCoordinator(): Promise<void> {
    await this.#coordinator.process.ended;
    const { home, port } = this.#coordinator;
    this.#coordinator = await startCoordinator({ home, port, ...(this.#env && { env: this.#env }) });
  }

  /** A new machine joins by a one-time link and starts its daemon. */
  async join(name: string, folders: readonly string[] = [], options: AgentOptions = {}): Promise<Agent> {
    const agent = await this.enrol(name, folders, options);
    await agent.daemonReady();
    return agent;
  }

  /** {@link join} without a daemon: commands of this machine run by themselves. */
  async enrol(name: string, folders: readonly string[] = [], options: AgentOptions = {}): Promise<Agent> {
    const agent = new Agent(name, join(this.machineFolder(name), 'holdfast'), options);
    const link = await newJoinLink(this.setup.admin);
    await agent.must(['join', link, '--name', name, ...folders.flatMap((folder) => ['--folder', folder])], 120_000);
    this.agents.push(agent);
    return agent;
  }

  async devices(): Promise<DeviceSummary[]> {
    return (await this.setup.admin.get('/api/v1/devices?pageSize=100', devicePage)).items;
  }

  async device(name: string): Promise<DeviceSummary> {
    const found = (await this.devices()).find((device) => device.name === name);
    if (!found) throw new Error(`the coordinator does not list ${name}`);
    return found;
  }

  async latestSnapshot(name: string): Promise<Snapshot | undefined> {
    const { deviceId } = await this.device(name);
    const page = await this.setup.admin.get(`/api/v1/devices/${deviceId}/snapshots?sort=sequence&order=desc&pageSize=1`, snapshotPage);
    return page.items[0];
  }

  overview(): Promise<Overview> {
    return this.setup.admin.get('/api/v1/overview', overview);
  }

  async changeTeamPolicy(change: (policy: Policy) => Policy): Promise<void> {
    const document = await this.setup.admin.get('/api/v1/policies/team', policyDocument);
    await this.setup.admin.send('PUT', '/api/v1/policies/team', z.unknown(), change(document.team));
  }

  async stop(): Promise<void> {
    await Promise.all(this.agents.map((agent) => agent.stop()));
    await this.coordinator.process.stop();
  }
}
