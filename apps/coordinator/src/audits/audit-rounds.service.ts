import { Injectable } from '@nestjs/common';
import type { DeviceId } from '#libs/kernel';
import { Database } from '../database/database.ts';
import { DevicesService } from '../devices/devices.service.ts';
import { EventsService } from '../events/events.service.ts';
import { PresenceService } from '../presence/presence.service.ts';
import { AuditAsksService } from './audit-asks.service.ts';
import { AuditTimes } from './audit-times.ts';

/**
 * Goes round the holders that are online, each at moments of its own that nobody can foresee. Cost: one look into an index for
 * each holder whose moment has come, whatever the number of replicas.
 */
@Injectable()
export class AuditRoundsService {
  readonly #nextLooks = new Map<DeviceId, number>();

  constructor(
    private readonly devices: DevicesService,
    private readonly presence: PresenceService,
    private readonly asks: AuditAsksService,
    private readonly events: EventsService,
    private readonly times: AuditTimes,
    private readonly database: Database,
  ) {}

  async run(signal: AbortSignal): Promise<void> {
    const classes = new Map(
      (await this.devices.agents()).map((device) => [device.deviceId, device.class === 'anchor' ? 'anchor' : 'workstation']),
    );
    for (const deviceId of this.presence.online()) {
      signal.throwIfAborted();
      const holder = classes.get(deviceId);
      if (holder === undefined) continue;
      const now = this.times.nowMs();
      // After a start of the coordinator the holders are spread over one interval.
      const lookAtMs = this.#nextLooks.get(deviceId) ?? this.times.nextLook(true);
      this.#nextLooks.set(deviceId, lookAtMs);
      if (lookAtMs > now) continue;
      const asked = await this.database.write(async () => {
        const result = await this.asks.ask(deviceId, holder as 'anchor' | 'workstation');
        for (const device of result.devices) this.events.publishAgent(device, { event: 'audits' });
        return result;
      });
      this.#nextLooks.set(deviceId, this.times.nextLook(asked.behind));
    }
  }

  /** The next round asks this holder, whenever its moment would have come. */
  soon(deviceId: DeviceId): void {
    this.#nextLooks.set(deviceId, 0);
  }
}
