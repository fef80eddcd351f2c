import type { BeforeApplicationShutdown } from '@nestjs/common';
import { Inject, Injectable, Logger } from '@nestjs/common';
import type { DeviceId } from '#libs/kernel';
import type { CoordinatorConfig } from '../config/config.schema.ts';
import { CONFIG } from '../config/config.module.ts';
import { Database } from '../database/database.ts';
import { DevicesService } from '../devices/devices.service.ts';
import { RosterService } from './roster.service.ts';

/**
 * Where the members listen. In the morning a whole office comes with new addresses within minutes: they are gathered for a few seconds,
 * so that the roster is signed and sent once and not once for each.
 */
@Injectable()
export class AddressesService implements BeforeApplicationShutdown {
  readonly #log = new Logger('addresses');
  readonly #known = new Map<DeviceId, string>();
  readonly #changed = new Map<DeviceId, string[]>();
  #timer: NodeJS.Timeout | undefined;

  constructor(
    private readonly database: Database,
    private readonly devices: DevicesService,
    private readonly roster: RosterService,
    @Inject(CONFIG) private readonly config: CoordinatorConfig,
  ) {}

  /** Takes what a member says of itself. In any order: only a changed set counts. */
  async report(deviceId: DeviceId, addresses: readonly string[]): Promise<void> {
    const sorted = [...new Set(addresses.filter((address) => address.startsWith('/')))].sort();
    const text = sorted.join('\n');
    if (!this.#known.has(deviceId)) this.#known.set(deviceId, ((await this.devices.find(deviceId))?.addresses ?? []).join('\n'));
    if (this.#known.get(deviceId) === text) return;
    this.#known.set(deviceId, text);
    this.#changed.set(deviceId, sorted);
    const waitMs = this.config.roster.addressDebounceSeconds * 1000;
    if (waitMs === 0) return this.flush();
    this.#timer ??= setTimeout(
      () => void this.flush().catch((error: unknown) => this.#log.error({ err: error }, 'addresses were not written')),
      waitMs,
    );
  }

  /** Writes what was gathered and makes a new roster of it. */
  async flush(): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const changed = [...this.#changed];
    this.#changed.clear();
    if (changed.length === 0) return;
    try {
      await this.database.write(async () => {
        for (const [deviceId, addresses] of changed) await this.devices.setAddresses(deviceId, addresses);
        await this.roster.changed();
      });
    } catch (error) {
      // Forgotten here, so that the next heartbeat reports them again.
      for (const [deviceId] of changed) this.#known.delete(deviceId);
      throw error;
    }
  }

  beforeApplicationShutdown(): Promise<void> {
    return this.flush();
  }
}
