import { Inject, Injectable, Logger } from '@nestjs/common';
import type { BreakerState } from '#libs/durability';
import { planBreaker } from '#libs/durability';
import type { Clock } from '#libs/kernel';
import { DeviceStatesService } from '../devices/device-states.service.ts';
import { DevicesService } from '../devices/devices.service.ts';
import { DurabilityRulesService } from '../policies/durability-rules.service.ts';
import { CLOCK } from '../ports/ports.module.ts';
import { PresenceService } from '../presence/presence.service.ts';
import { RepairBreakerRepository } from './repair-breaker.repository.ts';

/** Remembers whether an outage stopped repair. */
@Injectable()
export class RepairBreakerService {
  readonly #log = new Logger('repair');
  constructor(
    private readonly breaker: RepairBreakerRepository,
    private readonly states: DeviceStatesService,
    private readonly devices: DevicesService,
    private readonly presence: PresenceService,
    private readonly rules: DurabilityRulesService,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /** As it stands by the recorded states. */
  async current(): Promise<BreakerState> {
    const stored = await this.breaker.stored();
    const previous: BreakerState = stored
      ? { open: true, sinceMs: stored.openSinceMs, calmSinceMs: stored.calmSinceMs, reason: '', nextStep: '' }
      : { open: false };
    const agents = new Map((await this.devices.agents()).map((device) => [device.deviceId, device]));
    const devices = (await this.states.all()).flatMap(({ deviceId, state, stateSinceMs }) => {
      const device = agents.get(deviceId);
      if (!device) return [];
      const { lastSeenAtMs } = this.presence.get(deviceId) ?? device;
      return [
        { state, stateSinceMs, lastSeenAtMs, marked: device.membership !== 'active' || this.states.marks(deviceId).lostAtMs !== null },
      ];
    });
    return planBreaker(previous, devices, this.clock.nowMs(), this.rules.settings);
  }

  /** Opens or closes it after states were recorded. True when it has just closed. Part of the caller's transaction. */
  async update(): Promise<boolean> {
    const before = await this.breaker.stored();
    const now = await this.current();
    const openSinceMs = now.open ? now.sinceMs : null;
    const calmSinceMs = now.open ? now.calmSinceMs : null;
    if (openSinceMs === (before?.openSinceMs ?? null) && calmSinceMs === (before?.calmSinceMs ?? null)) return false;
    await this.breaker.save(openSinceMs, calmSinceMs);
    if (now.open) this.#log.warn(now.reason);
    else this.#log.log('Enough devices are back or marked: repair goes on.');
    return !now.open;
  }
}
