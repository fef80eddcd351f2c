import type { OnModuleInit } from '@nestjs/common';
import { Inject, Injectable } from '@nestjs/common';
import type { Heartbeat, HeartbeatReply } from '#libs/contracts';
import type { Clock, DeviceId } from '#libs/kernel';
import type { CoordinatorConfig } from '../config/config.schema.ts';
import { CONFIG } from '../config/config.module.ts';
import { EventsService } from '../events/events.service.ts';
import { CLOCK } from '../ports/ports.module.ts';
import { AddressesService } from '../roster/addresses.service.ts';
import { RevocationService } from '../roster/revocation.service.ts';
import { RosterService } from '../roster/roster.service.ts';
import { HeartbeatFactsRegistry } from './heartbeat-facts.ts';
import { PresenceService } from './presence.service.ts';

/** What a heartbeat sets off, and what the device learns by it even when its channel is broken. */
@Injectable()
export class HeartbeatService implements OnModuleInit {
  constructor(
    private readonly presence: PresenceService,
    private readonly addresses: AddressesService,
    private readonly roster: RosterService,
    private readonly revocation: RevocationService,
    private readonly facts: HeartbeatFactsRegistry,
    private readonly events: EventsService,
    @Inject(CONFIG) private readonly config: CoordinatorConfig,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  onModuleInit(): void {
    this.presence.onChange((deviceId) => this.events.publishPanel({ event: 'devices', deviceId }));
    this.revocation.onRevoke((deviceId) => this.presence.forget(deviceId));
  }

  async beat(deviceId: DeviceId, heartbeat: Heartbeat): Promise<HeartbeatReply> {
    this.presence.note(deviceId, heartbeat);
    // A device that goes says nothing of where it will be.
    if (!heartbeat.leaving) await this.addresses.report(deviceId, heartbeat.addresses);
    return {
      timeMs: this.clock.nowMs(),
      rosterVersion: await this.roster.version(),
      ...(await this.facts.of(deviceId, heartbeat)),
      intervalSeconds: this.config.durability.heartbeatSeconds,
    };
  }
}
