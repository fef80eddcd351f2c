import type { BeforeApplicationShutdown, OnApplicationBootstrap } from '@nestjs/common';
import { Inject, Injectable, Logger } from '@nestjs/common';
import type { Roster } from '#libs/contracts';
import { roster as rosterSchema } from '#libs/contracts';
import { peekStatement } from '#libs/crypto';
import { Mutex } from '#libs/kernel';
import type { Swarm } from '#libs/swarm';
import type { CoordinatorConfig } from '../config/config.schema.ts';
import { CONFIG } from '../config/config.module.ts';
import { CoordinatorError } from '../errors.ts';
import { CoordinatorIdentity } from '../identity/coordinator-identity.ts';
import { AddressesService } from '../roster/addresses.service.ts';
import { RosterService } from '../roster/roster.service.ts';
import { TeamService } from '../team/team.service.ts';

/** How often the node looks whether there is a newer roster. One small read; a revoked device is out within this time. */
const REFRESH_MS = 1000;

/**
 * The coordinator's own node in the private swarm. It keeps no packs and serves none; it reads ciphertext for the panel. It starts once
 * the team exists, and follows the roster.
 */
@Injectable()
export class CoordinatorSwarmService implements OnApplicationBootstrap, BeforeApplicationShutdown {
  readonly #log = new Logger('swarm');
  readonly #turn = new Mutex();
  #swarm: Swarm | undefined;
  #timer: NodeJS.Timeout | undefined;
  #stopped = false;
  #failed = '';

  constructor(
    @Inject(CONFIG) private readonly config: CoordinatorConfig,
    private readonly identity: CoordinatorIdentity,
    private readonly team: TeamService,
    private readonly roster: RosterService,
    private readonly addresses: AddressesService,
  ) {}

  async onApplicationBootstrap(): Promise<void> {
    if (!this.config.swarm.enabled) return;
    this.#timer = setInterval(() => void this.#tick(), REFRESH_MS);
    this.#timer.unref();
    await this.#tick();
  }

  async beforeApplicationShutdown(): Promise<void> {
    clearInterval(this.#timer);
    this.#stopped = true;
    await this.#turn.run(async () => this.#swarm?.stop());
  }

  /** The node with the newest roster. Throws `not_ready` before set-up, or where the swarm is switched off. */
  async current(): Promise<Swarm> {
    if (this.config.swarm.enabled) await this.#refresh();
    if (this.#swarm) return this.#swarm;
    throw new CoordinatorError('not_ready', 'The coordinator’s swarm node is not running.', {
      nextStep: this.config.swarm.enabled ? 'Set the coordinator up first.' : 'Switch swarm.enabled on in its configuration.',
    });
  }

  async #tick(): Promise<void> {
    try {
      await this.#refresh();
      this.#failed = '';
    } catch (error) {
      const message = String(error);
      // Once, not every second.
      if (!this.#stopped && message !== this.#failed) this.#log.error({ err: error }, 'the swarm node could not follow the roster');
      this.#failed = message;
    }
  }

  async #refresh(): Promise<void> {
    await this.#turn.run(async () => {
      if (this.#stopped) return;
      const team = await this.team.find();
      if (!team) return;
      if (!this.#swarm) {
        // The network stack costs a second to load: not before it is wanted.
        const { startSwarm } = await import('#libs/swarm');
        const { listen, announce } = this.config.swarm;
        this.#swarm = await startSwarm({ seed: this.identity.seed, listen, announce, stores: [], bitswap: false, relay: true });
      }
      if ((await this.roster.version()) > this.#swarm.rosterVersion) await this.#swarm.setRoster(await this.#newest());
      await this.addresses.report(team.coordinatorDeviceId, this.#swarm.addresses());
    });
  }

  /** Signed by this very coordinator: nobody else's word, so it is only parsed. */
  async #newest(): Promise<Roster> {
    return rosterSchema.parse(peekStatement('roster', await this.roster.statement()));
  }
}
