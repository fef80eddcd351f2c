import type { Roster, RosterMember } from '#libs/contracts';
import type { DeviceId } from '#libs/kernel';
import { SwarmError } from '../errors.ts';
import type { SwarmPeer } from '../swarm-types.ts';

/** Who belongs to the swarm, by the newest roster seen. Whoever is revoked or absent is nobody. */
export class Membership {
  #roster: Roster | undefined;
  #byPeer = new Map<string, RosterMember>();
  #byDevice = new Map<string, RosterMember>();

  /** 0 before the first roster. */
  get version(): number {
    return this.#roster?.version ?? 0;
  }

  /** The same version again changes nothing. Throws `roster_rollback` for an older one or another team's, leaving the old in force. */
  replace(roster: Roster): void {
    const current = this.#roster;
    if (current && roster.teamId !== current.teamId) {
      throw new SwarmError('roster_rollback', 'this roster is of another team', {
        context: { current: current.teamId, offered: roster.teamId },
      });
    }
    if (current && roster.version < current.version) {
      throw new SwarmError('roster_rollback', `roster ${roster.version} is older than ${current.version}, which is in force`, {
        context: { current: current.version, offered: roster.version },
        nextStep: 'Keep the newer roster; if the coordinator was restored from an old copy, let it issue a newer version.',
      });
    }
    if (current && roster.version === current.version) return;
    const members = roster.members.filter((member) => member.state !== 'revoked');
    this.#roster = roster;
    this.#byPeer = new Map(members.map((member) => [member.peerId, member]));
    this.#byDevice = new Map(members.map((member) => [member.deviceId, member]));
  }

  byPeer(peerId: string): RosterMember | undefined {
    return this.#byPeer.get(peerId);
  }

  byDevice(deviceId: DeviceId): RosterMember | undefined {
    return this.#byDevice.get(deviceId);
  }

  members(): Iterable<RosterMember> {
    return this.#byDevice.values();
  }
}

export const peerOf = (member: RosterMember): SwarmPeer => ({ deviceId: member.deviceId, peerId: member.peerId, name: member.name });
