import { randomUUID } from 'node:crypto';
import { Inject, Injectable } from '@nestjs/common';
import type { EnrolRequest, EnrolResponse } from '#libs/contracts';
import { peerIdFromSigningKey, verify } from '#libs/crypto';
import type { Clock, DeviceId } from '#libs/kernel';
import { fromBase64Url, utf8 } from '#libs/kernel';
import { AuditLogService } from '../audit-log/audit-log.service.ts';
import { Database } from '../database/database.ts';
import { DevicesService } from '../devices/devices.service.ts';
import { CoordinatorError } from '../errors.ts';
import { EventsService } from '../events/events.service.ts';
import { JoinLinksService } from '../join-links/join-links.service.ts';
import { CLOCK } from '../ports/ports.module.ts';
import { RosterService } from '../roster/roster.service.ts';
import { TeamService } from '../team/team.service.ts';

/** Lets a device into the team: it shows a live join link and that it holds the key by which it wants to be known. */
@Injectable()
export class EnrolmentService {
  constructor(
    private readonly links: JoinLinksService,
    private readonly devices: DevicesService,
    private readonly roster: RosterService,
    private readonly teams: TeamService,
    private readonly database: Database,
    private readonly events: EventsService,
    private readonly auditLog: AuditLogService,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /**
   * All or nothing: a refused device leaves the link as it was. A device that lost our answer may ask again with the same key and
   * link and gets it again. Throws `device_proof_wrong`, `device_revoked`, `device_already_enrolled` and what the link is refused with.
   */
  async enrol(request: EnrolRequest): Promise<EnrolResponse> {
    checkProof(request);
    const { document } = await this.teams.get();
    const deviceId = await this.database.write(() => this.#admit(request));
    return { deviceId, teamDocument: document, roster: await this.roster.statement() };
  }

  async #admit({ secret, name, os, agentVersion, peerId, signingKey, boxKey }: EnrolRequest): Promise<DeviceId> {
    const known = await this.devices.findByPeer(peerId);
    if (known?.membership === 'revoked') {
      throw new CoordinatorError('device_revoked', 'This device was removed from the team.', {
        nextStep: 'Remove its data folder and join again as a new device.',
      });
    }
    if (known && (await this.links.isBy(known.joinLinkId, secret))) return known.deviceId;
    if (known) {
      throw new CoordinatorError('device_already_enrolled', `This device is already in the team, as ${known.name}.`, {
        nextStep: 'There is nothing to do: start its agent.',
      });
    }
    const link = await this.links.spend(secret);
    const deviceId = randomUUID() as DeviceId;
    const place = { site: link.site, class: link.class, joinLinkId: link.joinLinkId };
    await this.devices.add({ deviceId, peerId, name, os, agentVersion, signingKey, boxKey, ...place, enrolledAtMs: this.clock.nowMs() });
    await this.auditLog.record({
      actor: `device ${name}`,
      action: 'device.enrol',
      subject: name,
      deviceId,
      detail: { peerId, joinLink: link.joinLinkId, invitedBy: link.createdBy },
    });
    await this.roster.changed();
    this.events.publishPanel({ event: 'devices', deviceId });
    return deviceId;
  }
}

function checkProof({ secret, peerId, signingKey, proof }: EnrolRequest): void {
  const key = fromBase64Url(signingKey);
  if (peerIdFromSigningKey(key) !== peerId)
    throw new CoordinatorError('device_proof_wrong', 'The peer id is not the one of the signing key.');
  if (!verify('enrol', utf8(secret), fromBase64Url(proof), key))
    throw new CoordinatorError('device_proof_wrong', 'The proof of the device key is wrong.');
}
