import { Inject, Injectable, Logger } from '@nestjs/common';
import type { BreakerState, DurabilitySettings } from '#libs/durability';
import { planBreaker } from '#libs/durability';
import type { Clock } from '#libs/kernel';
import type { CoordinatorConfig } from '../config/config.schema.ts';
import { CONFIG } from '../config/config.module.ts';
import { durabilitySettings } from '../config/durability-settings.ts';
import { DeviceStatesService } from '../devices/device-states.service.ts';
import { DevicesService } from '../devices/devices.service.ts';
import { CLOCK } from '../ports/ports.module.ts';
import { RepairBreakerRepository } from './repair-breaker.repository.ts';

/** Remembers whether an outage stopped repair. */
@Injectable()
export class RepairBreakerService {
  readonly #log = new Logger('repair');
  readonly #settings: DurabilitySettings;

  constructor(
    private readonly breaker: RepairBreakerRepository,
    private readonly states: DeviceStatesService,
    private readonly devices: DevicesService,
    @Inject(CONFIG) config: CoordinatorConfig,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {
    this.#settings = durabilitySettings(config);
  }

  /** As it stands by the recorded states. */
  async current(): Promise<BreakerState> {
    const openSinceMs = await this.breaker.openSinceMs();
    const previous: BreakerState = openSinceMs === null ? { open: false } : { open: true, sinceMs: openSinceMs, reason: '', nextStep: '' };
    const marked = new Set((await this.devices.agents()).filter((d) => d.membership !== 'active').map((d) => d.deviceId));
    const devices = (await this.states.all()).map(({ deviceId, state, stateSinceMs }) => ({
      state,
      stateSinceMs,
      marked: marked.has(deviceId),
    }));
    return planBreaker(previous, devices, this.clock.nowMs(), this.#settings);
  }

  /** Opens or closes it after states were recorded. True when it has just closed. Part of the caller's transaction. */
  async update(): Promise<boolean> {
    const before = await this.breaker.openSinceMs();
    const now = await this.current();
    const openSinceMs = now.open ? now.sinceMs : null;
    if (openSinceMs === before) return false;
    await this.breaker.save(openSinceMs);
    if (now.open) this.#log.warn(now.reason);
    else this.#log.log('Enough devices are back or marked: repair goes on.');
    return !now.open;
  }
}
