import type { BeforeApplicationShutdown, OnApplicationBootstrap, OnModuleInit } from '@nestjs/common';
import { Inject, Injectable, Logger } from '@nestjs/common';
import type { Heartbeat } from '#libs/contracts';
import type { Clock, DeviceId } from '#libs/kernel';
import type { CoordinatorConfig } from '../config/config.schema.ts';
import { CONFIG } from '../config/config.module.ts';
import { DevicesService } from '../devices/devices.service.ts';
import type { DeviceReport } from '../devices/devices.repository.ts';
import { CLOCK } from '../ports/ports.module.ts';

/** The newest heartbeat of a device. */
export interface Presence {
  readonly lastSeenAtMs: number;
  /** It said that it goes: asleep, not lost. */
  readonly leaving: boolean;
  readonly agentVersion: string;
  readonly freeBytes: number;
  readonly availableForPacksBytes: number;
  readonly heldBytes: number;
  readonly heldPacks: number;
  /** Null: it has nothing to give back. */
  readonly toGiveBackBytes: number | null;
}

export type PresenceChange = 'arrived' | 'left';

/** A device counts as online until it missed this many heartbeats. */
const MISSED_HEARTBEATS = 2.5;

/**
 * Who is here, in memory: thousands of heartbeats a minute must not each write the database. What is known is written every
 * few seconds and at shutdown, and read back at start.
 */
@Injectable()
export class PresenceService implements OnModuleInit, OnApplicationBootstrap, BeforeApplicationShutdown {
  readonly #latest = new Map<DeviceId, Presence>();
  readonly #unwritten = new Set<DeviceId>();
  readonly #listeners: ((deviceId: DeviceId, change: PresenceChange) => void)[] = [];
  readonly #returnListeners: ((deviceId: DeviceId, absentMs: number) => void)[] = [];
  readonly #log = new Logger('presence');
  #timer: NodeJS.Timeout | undefined;

  constructor(
    private readonly devices: DevicesService,
    @Inject(CONFIG) private readonly config: CoordinatorConfig,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  async onModuleInit(): Promise<void> {
    for (const device of await this.devices.agents())
      if (device.lastSeenAtMs !== null) this.#latest.set(device.deviceId, { ...pick(device), lastSeenAtMs: device.lastSeenAtMs });
  }

  onApplicationBootstrap(): void {
    this.#timer = setInterval(() => void this.flush(), this.config.presence.flushSeconds * 1000);
    this.#timer.unref();
  }

  async beforeApplicationShutdown(): Promise<void> {
    clearInterval(this.#timer);
    await this.flush();
  }

  /** Writes what changed since the last time, in one transaction. Failing is no loss: the next flush writes it. */
  async flush(): Promise<void> {
    const reports = new Map<DeviceId, DeviceReport>();
    for (const deviceId of this.#unwritten) reports.set(deviceId, this.#latest.get(deviceId)!);
    this.#unwritten.clear();
    if (reports.size === 0) return;
    try {
      await this.devices.saveReports(reports);
    } catch (error) {
      for (const deviceId of reports.keys()) if (this.#latest.has(deviceId)) this.#unwritten.add(deviceId);
      this.#log.error({ err: error }, 'last-seen times were not written');
    }
  }

  /** Notes a heartbeat. */
  note(deviceId: DeviceId, heartbeat: Heartbeat): void {
    const wasOnline = this.isOnline(deviceId);
    const before = this.#latest.get(deviceId);
    this.#latest.set(deviceId, { ...pick(heartbeat), lastSeenAtMs: this.clock.nowMs() });
    this.#unwritten.add(deviceId);
    if (heartbeat.leaving ? wasOnline : !wasOnline)
      for (const listener of this.#listeners) listener(deviceId, heartbeat.leaving ? 'left' : 'arrived');
    if (before && !wasOnline && !heartbeat.leaving)
      for (const listener of this.#returnListeners) listener(deviceId, this.clock.nowMs() - before.lastSeenAtMs);
  }

  get(deviceId: DeviceId): Presence | undefined {
    return this.#latest.get(deviceId);
  }

  /** It sent a heartbeat not long ago and has not said that it goes. */
  isOnline(deviceId: DeviceId): boolean {
    const presence = this.#latest.get(deviceId);
    return (
      presence !== undefined &&
      !presence.leaving &&
      this.clock.nowMs() - presence.lastSeenAtMs <= this.config.durability.heartbeatSeconds * 1000 * MISSED_HEARTBEATS
    );
  }

  online(): DeviceId[] {
    return [...this.#latest.keys()].filter((deviceId) => this.isOnline(deviceId));
  }

  /** Calls `listener` when a device arrives (back) or says that it goes. Silence is noticed by whoever sweeps. */
  onChange(listener: (deviceId: DeviceId, change: PresenceChange) => void): void {
    this.#listeners.push(listener);
  }

  /** Calls `listener` when a device is there again that was away, with how long that was. */
  onReturn(listener: (deviceId: DeviceId, absentMs: number) => void): void {
    this.#returnListeners.push(listener);
  }

  /** Forgets a revoked device. */
  forget(deviceId: DeviceId): void {
    this.#latest.delete(deviceId);
    this.#unwritten.delete(deviceId);
  }
}

const pick = (
  from: Omit<Presence, 'lastSeenAtMs' | 'toGiveBackBytes'> & { readonly toGiveBackBytes?: number | null | undefined },
): Omit<Presence, 'lastSeenAtMs'> => ({
  leaving: from.leaving,
  agentVersion: from.agentVersion,
  freeBytes: from.freeBytes,
  availableForPacksBytes: from.availableForPacksBytes,
  heldBytes: from.heldBytes,
  heldPacks: from.heldPacks,
  toGiveBackBytes: from.toGiveBackBytes ?? null,
});
