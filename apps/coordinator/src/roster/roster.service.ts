import { Inject, Injectable } from '@nestjs/common';
import type { Roster, RosterMember, SignedStatement } from '#libs/contracts';
import type { Clock } from '#libs/kernel';
import type { Device } from '../devices/devices.service.ts';
import { DevicesService } from '../devices/devices.service.ts';
import { EventsService } from '../events/events.service.ts';
import { CoordinatorIdentity } from '../identity/coordinator-identity.ts';
import { CLOCK } from '../ports/ports.module.ts';
import { TeamService } from '../team/team.service.ts';
import { RosterRepository } from './roster.repository.ts';

/**
 * Who belongs to the swarm, signed by the coordinator's key. The version is persistent and only grows: whoever changes a member calls
 * {@link changed} in the same transaction.
 */
@Injectable()
export class RosterService {
  /** The newest that was signed here; signing thousands of members for each asker would be waste. */
  #signed: { readonly version: number; readonly statement: SignedStatement } | undefined;

  constructor(
    private readonly rosters: RosterRepository,
    private readonly devices: DevicesService,
    private readonly teams: TeamService,
    private readonly events: EventsService,
    private readonly identity: CoordinatorIdentity,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  async version(): Promise<number> {
    return (await this.rosters.version()).version;
  }

  /** The newest roster. Throws `setup_needed`. */
  async statement(): Promise<SignedStatement> {
    // The version is read before the members: they may then be newer than it says, never older.
    const { version, changedAtMs } = await this.rosters.version();
    if (this.#signed?.version === version) return this.#signed.statement;
    const { teamId } = await this.teams.get();
    const members = (await this.devices.members()).map(toMember);
    const statement = this.identity.sign('roster', { teamId, version, issuedAtMs: changedAtMs, members } satisfies Roster);
    if (version > (this.#signed?.version ?? 0)) this.#signed = { version, statement };
    return statement;
  }

  /**
   * A member was added, removed or has new addresses: the next version, and a hint to every agent. `atLeast`: one that devices have seen,
   * before the database was put back.
   */
  async changed(atLeast = 0): Promise<number> {
    const version = await this.rosters.next(this.clock.nowMs(), atLeast);
    this.events.publishAllAgents({ event: 'roster', version });
    return version;
  }
}

const toMember = (device: Device): RosterMember => ({
  deviceId: device.deviceId,
  peerId: device.peerId,
  name: device.name,
  site: device.site,
  class: device.class,
  state: device.membership,
  signingKey: device.signingKey,
  boxKey: device.boxKey,
  addresses: device.membership === 'revoked' ? [] : device.addresses,
});
