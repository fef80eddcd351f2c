import { Injectable, Logger } from '@nestjs/common';
import type { Roster, RosterMember, SignedStatement } from '#libs/contracts';
import { roster as rosterSchema } from '#libs/contracts';
import { openStatement, sha256 } from '#libs/crypto';
import { fromBase64Url, isAppError, toBase64Url, utf8 } from '#libs/kernel';
import { Database } from '../database/database.ts';
import { DevicesService } from '../devices/devices.service.ts';
import { CoordinatorError } from '../errors.ts';
import { CoordinatorIdentity } from '../identity/coordinator-identity.ts';
import { RevocationService } from '../roster/revocation.service.ts';
import { RosterService } from '../roster/roster.service.ts';
import { RebuildStateService } from './rebuild-state.service.ts';

/** Rosters whose members are known to be taken; each is 43 characters. */
const REMEMBERED = 1000;

/**
 * Members that an older database does not know, revocations that it has forgotten, and the number of the newest roster: from a roster that
 * this coordinator signed itself, which any device hands back.
 */
@Injectable()
export class RebuildRosterService {
  readonly #log = new Logger('rebuild');
  readonly #taken = new Set<string>();

  constructor(
    private readonly rosters: RosterService,
    private readonly devices: DevicesService,
    private readonly revocation: RevocationService,
    private readonly identity: CoordinatorIdentity,
    private readonly state: RebuildStateService,
    private readonly database: Database,
  ) {}

  /**
   * Takes what our database does not know of it. Also from one whose number we have reached since: the loss may have been of just the roster that had a
   * revocation, and a new one been made under its number. Members are never taken out of a roster, so those that an older one names are right too.
   * Throws `request_invalid` (not signed by this coordinator).
   */
  async take(statement: SignedStatement): Promise<void> {
    const digest = toBase64Url(sha256(utf8(`${statement.payload}.${statement.signature}`)));
    if (this.#taken.has(digest)) return;
    const offered = this.#open(statement);
    const lostAtMs = await this.state.lostAtMs();
    await this.database.write(async () => {
      const isNewer = offered.version > (await this.rosters.version());
      const known = new Map((await this.devices.members()).map((device) => [device.deviceId, device]));
      const counts = { added: 0, changed: 0 };
      for (const member of offered.members) {
        const before = known.get(member.deviceId);
        // A revocation is never taken back by what somebody knew before it.
        if (member.class === 'coordinator' || before?.membership === member.state || before?.membership === 'revoked') continue;
        if (!before) await this.#add(member, lostAtMs);
        // Of what can change back and forth the newest roster knows best.
        if (before && member.state !== 'revoked' && !isNewer) continue;
        if (member.state === 'revoked') await this.revocation.again(member.deviceId);
        else if (member.state !== (before?.membership ?? 'active')) await this.devices.setMembership(member.deviceId, member.state);
        counts[before ? 'changed' : 'added'] += 1;
      }
      if (!isNewer && counts.added + counts.changed === 0) return;
      await this.rosters.changed(offered.version);
      this.#log.warn({ version: offered.version, ...counts }, 'took members from a roster that a device kept');
    });
    // Thousands of devices have the same one.
    if (this.#taken.size >= REMEMBERED) this.#taken.clear();
    this.#taken.add(digest);
  }

  async #add(member: RosterMember, lostAtMs: number): Promise<void> {
    const { deviceId, peerId, name, site, class: deviceClass, signingKey, boxKey, addresses } = member;
    const unknown = { os: '', agentVersion: '', joinLinkId: null };
    // Before the loss, so that it is waited for.
    const enrolledAtMs = lostAtMs - 1;
    await this.devices.add({ deviceId, peerId, name, site, class: deviceClass, signingKey, boxKey, enrolledAtMs, ...unknown });
    await this.devices.setAddresses(deviceId, [...addresses]);
  }

  #open(statement: SignedStatement): Roster {
    try {
      return rosterSchema.parse(openStatement('roster', statement, fromBase64Url(this.identity.publicKey)));
    } catch (cause) {
      if (isAppError(cause) || (cause as Error).name === 'ZodError') throw notOurs(cause);
      throw cause;
    }
  }
}

const notOurs = (cause?: unknown): CoordinatorError =>
  new CoordinatorError('request_invalid', 'The request is not valid: roster: must be one that this coordinator signed.', { cause });
