import { systemClock } from '#libs/kernel';
import type { FilePackStore, HeldPackStore, Swarm, SwarmOptions } from '#libs/swarm';
import type { DeviceIdentity } from '../identity/device-identity.ts';
import type { RosterKeeper } from '../roster/roster-keeper.ts';
import { lookAround } from './look-around.ts';

export interface SwarmAccessPorts {
  readonly identity: DeviceIdentity;
  readonly roster: RosterKeeper;
  readonly own: FilePackStore;
  readonly held: HeldPackStore;
  /**
   * Asks where everybody is now, before anybody is dialled. False: nobody could say, so colleagues on the local network are looked for. Undefined: whoever
   * uses it hears of it by itself.
   */
  readonly askFirst?: (() => Promise<boolean>) | undefined;
  /** How this role takes part: a command only dials (see {@link SwarmAccess.serve}), the daemon listens. */
  readonly options: Pick<SwarmOptions, 'listen' | 'announce' | 'mdns' | 'documents' | 'mayGiveOut' | 'rates' | 'onEvent' | 'bitswap'>;
}

/** Where a command is reached that serves for a time: any free port, as the daemon has it unless told otherwise. */
const servedAt = ['/ip4/0.0.0.0/tcp/0'];

/** The swarm, started at its first use: a command that stays on this disk never loads libp2p. */
export class SwarmAccess {
  readonly #ports: SwarmAccessPorts;
  #starting: Promise<Swarm> | undefined;
  #swarm: Swarm | undefined;
  #listen: readonly string[];

  constructor(ports: SwarmAccessPorts) {
    this.#ports = ports;
    this.#listen = ports.options.listen;
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

  /**
   * {@link start}, so that others reach this process too, directly or through the relay: who only dials is reached by nobody. Whatever was started
   * only to dial ends first. Throws `listen_failed`.
   */
  async serve(): Promise<Swarm> {
    if (this.#listen.length === 0) {
      await this.stop();
      this.#listen = servedAt;
    }
    return this.start();
  }

  async stop(): Promise<void> {
    const swarm = await this.#starting?.catch(() => undefined);
    this.#starting = undefined;
    this.#swarm = undefined;
    await swarm?.stop();
  }

  async #start(): Promise<Swarm> {
    const { identity, roster, own, held, options, askFirst } = this.#ports;
    const [{ startSwarm }, heard] = await Promise.all([import('#libs/swarm'), askFirst?.()]);
    const swarm = await startSwarm({
      seed: identity.seed,
      stores: [own, held.packs],
      ...options,
      listen: this.#listen,
      ...(heard === false && { mdns: true }),
      ...(roster.roster ? { roster: roster.roster } : {}),
    });
    // Who is dialled before that would count as unreachable.
    if (heard === false) await lookAround(swarm, systemClock);
    // The roster may have changed while libp2p was loading.
    if (roster.roster && roster.version > swarm.rosterVersion) await swarm.setRoster(roster.roster);
    this.#swarm = swarm;
    return swarm;
  }
}
