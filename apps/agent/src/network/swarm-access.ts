import type { FilePackStore, HeldPackStore, Swarm, SwarmOptions } from '#libs/swarm';
import type { DeviceIdentity } from '../identity/device-identity.ts';
import type { RosterKeeper } from '../roster/roster-keeper.ts';

export interface SwarmAccessPorts {
  readonly identity: DeviceIdentity;
  readonly roster: RosterKeeper;
  readonly own: FilePackStore;
  readonly held: HeldPackStore;
  /** How this role takes part: a command only dials, the daemon listens. */
  readonly options: Pick<SwarmOptions, 'listen' | 'announce' | 'mdns' | 'documents' | 'mayServe' | 'rates' | 'onEvent' | 'bitswap'>;
}

/** The swarm, started at its first use: a command that stays on this disk never loads libp2p. */
export class SwarmAccess {
  readonly #ports: SwarmAccessPorts;
  #starting: Promise<Swarm> | undefined;
  #swarm: Swarm | undefined;

  constructor(ports: SwarmAccessPorts) {
    this.#ports = ports;
  }

  /** Undefined until it is started. */
  get running(): Swarm | undefined {
    return this.#swarm;
  }

  /** Throws `listen_failed`. */
  async start(): Promise<Swarm> {
    this.#starting ??= this.#start().catch((error: unknown) => {
      this.#starting = undefined;
      throw error;
    });
    return this.#starting;
  }

  async stop(): Promise<void> {
    const swarm = await this.#starting?.catch(() => undefined);
    this.#starting = undefined;
    this.#swarm = undefined;
    await swarm?.stop();
  }

  async #start(): Promise<Swarm> {
    const { startSwarm } = await import('#libs/swarm');
    const { identity, roster, own, held, options } = this.#ports;
    const swarm = await startSwarm({
      seed: identity.seed,
      stores: [own, held.packs],
      ...options,
      ...(roster.roster ? { roster: roster.roster } : {}),
    });
    // The roster may have changed while libp2p was loading.
    if (roster.roster && roster.version > swarm.rosterVersion) await swarm.setRoster(roster.roster);
    this.#swarm = swarm;
    return swarm;
  }
}
