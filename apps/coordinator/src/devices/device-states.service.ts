import type { OnModuleInit } from '@nestjs/common';
import { Inject, Injectable } from '@nestjs/common';
import type { DeviceState } from '#libs/contracts';
import type { Calendars, DeviceStanding, DurabilitySettings } from '#libs/durability';
import { deviceStanding, mapCalendars, without } from '#libs/durability';
import type { Clock, DeviceId } from '#libs/kernel';
import { CLOCK } from '../ports/ports.module.ts';
import { PresenceService } from '../presence/presence.service.ts';
import { DeviceKnowledgeService } from './device-knowledge.service.ts';
import type { DeviceMarks } from './device-marks.repository.ts';
import type { DeviceStandingEntity } from './device-standing.entity.ts';
import { DeviceStandingsRepository } from './device-standings.repository.ts';
import type { Device } from './devices.service.ts';
import { DevicesService } from './devices.service.ts';

export interface StateChange {
  readonly device: Device;
  /** Null: never looked at before. */
  readonly from: DeviceState | null;
  /** Since when `from` was recorded. */
  readonly fromSinceMs: number;
  readonly to: DeviceState;
}

/**
 * States of devices. `standing` is what the rules say this moment; `recorded` is what the counts of replicas were made with,
 * which follows at the next sweep.
 */
@Injectable()
export class DeviceStatesService implements OnModuleInit {
  readonly #returnListeners: ((deviceId: DeviceId) => Promise<void>)[] = [];
  /** When the coordinator was down before this start. */
  #down: { readonly fromMs: number; readonly toMs: number } | undefined;

  constructor(
    private readonly devices: DevicesService,
    private readonly presence: PresenceService,
    private readonly standings: DeviceStandingsRepository,
    private readonly known: DeviceKnowledgeService,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /** A coordinator that was down heard nobody: that time is no silence of the devices, or a restart would declare them all missing. */
  async onModuleInit(): Promise<void> {
    const lastSeen = (await this.devices.agents()).map((device) => device.lastSeenAtMs ?? device.enrolledAtMs);
    if (lastSeen.length > 0) this.#down = { fromMs: lastSeen.reduce((a, b) => Math.max(a, b)), toMs: this.clock.nowMs() };
  }

  /** Calls `listener` when a device that was doubted or gone is back and has shown what it holds. To be called in `onModuleInit`. */
  onReturned(listener: (deviceId: DeviceId) => Promise<void>): void {
    this.#returnListeners.push(listener);
  }

  standing(device: Device): DeviceStanding {
    const presence = this.presence.get(device.deviceId);
    const { lostAtMs, awayUntilMs, reconcilingSinceMs } = this.known.marksOf(device.deviceId);
    return deviceStanding(
      {
        deviceClass: device.class,
        enrolledAtMs: device.enrolledAtMs,
        lastSeenAtMs: presence?.lastSeenAtMs ?? device.lastSeenAtMs,
        saidGoodbye: presence?.leaving ?? device.leaving,
        mark: device.membership !== 'active' ? device.membership : lostAtMs === null ? 'none' : 'lost',
        awayUntilMs,
        auditsPassed: this.known.auditsPassed(device.deviceId),
        gap95Ms: this.known.historyOf(device.deviceId).gap95Ms(this.known.settings),
        reconciling: reconcilingSinceMs !== null,
      },
      this.clock.nowMs(),
      this.known.settings,
      this.#calendars(),
    );
  }

  /**
   * Revoked; or lost, and not heard of since an admin said so: the mark stays on a machine that turns up again. Only then may somebody else
   * decide about its vault.
   */
  isGoneForGood(device: Device): boolean {
    const { state } = this.standing(device);
    const { lostAtMs } = this.known.marksOf(device.deviceId);
    return state === 'revoked' || (state === 'lost' && (lostAtMs === null || !this.wasHeardOfSince(device, lostAtMs)));
  }

  wasHeardOfSince(device: Device, sinceMs: number): boolean {
    return (this.presence.get(device.deviceId)?.lastSeenAtMs ?? device.lastSeenAtMs ?? 0) > sinceMs;
  }

  get settings(): DurabilitySettings {
    return this.known.settings;
  }

  /** Share of the week that a device is there, 0 to 1. */
  availability(deviceId: DeviceId): number {
    return this.known.historyOf(deviceId).average(this.known.settings);
  }

  marks(deviceId: DeviceId): DeviceMarks {
    return this.known.marksOf(deviceId);
  }

  /** Devices that are back and have not shown yet what they hold. */
  reconciling(): DeviceId[] {
    return this.known.reconciling();
  }

  /** An admin says that it is lost, or takes that back. Joins the caller's transaction. */
  setLost(deviceId: DeviceId, lost: boolean): Promise<void> {
    return this.known.setMarks(deviceId, { lostAtMs: lost ? this.clock.nowMs() : null });
  }

  /** Somebody says until when it is away; null: no longer. Joins the caller's transaction. */
  setAway(deviceId: DeviceId, awayUntilMs: number | null): Promise<void> {
    return this.known.setMarks(deviceId, { awayUntilMs });
  }

  /** Looks again at rules, marks and habits; the sweep begins with it. */
  refresh(): Promise<void> {
    return this.known.refresh();
  }

  #calendars(): Calendars {
    const { calendars } = this.known;
    const down = this.#down;
    return down ? mapCalendars(calendars, (calendar) => without(down.fromMs, down.toMs, calendar)) : calendars;
  }

  /** Devices whose state is no longer what was recorded. */
  async changes(): Promise<StateChange[]> {
    const recorded = new Map((await this.standings.all()).map((s) => [s.deviceId, s]));
    const changes: StateChange[] = [];
    for (const device of await this.devices.agents()) {
      const before = recorded.get(device.deviceId);
      const from = before?.state ?? null;
      const to = this.standing(device).state;
      if (from !== to) changes.push({ device, from, to, fromSinceMs: before?.stateSinceMs ?? 0 });
    }
    return changes;
  }

  all(): Promise<DeviceStandingEntity[]> {
    return this.standings.all();
  }

  /** Recorded states of some devices; one that was never swept has just arrived and is taken for active. */
  async recorded(deviceIds: readonly DeviceId[]): Promise<(deviceId: DeviceId) => DeviceState> {
    const states = new Map((await this.standings.of(deviceIds)).map((s) => [s.deviceId, s.state]));
    return (deviceId) => states.get(deviceId) ?? 'active';
  }

  /** Writes a change down; with `recount`, notes that the device's packs are to be counted again. */
  async record({ device: { deviceId }, to: state }: StateChange, recount: boolean): Promise<void> {
    const before = await this.standings.find(deviceId);
    const recountAfter = recount ? '' : (before?.recountAfter ?? null);
    await this.standings.save({
      deviceId,
      state,
      stateSinceMs: this.clock.nowMs(),
      inventoryStartedAtMs: before?.inventoryStartedAtMs ?? null,
      recountAfter,
    });
  }

  recounting(): Promise<DeviceStandingEntity[]> {
    return this.standings.recounting();
  }

  async setRecountAfter(deviceId: DeviceId, recountAfter: string | null): Promise<void> {
    await this.standings.update(deviceId, { recountAfter });
  }

  async beginInventory(deviceId: DeviceId): Promise<void> {
    const now = this.clock.nowMs();
    if (await this.standings.find(deviceId)) await this.standings.update(deviceId, { inventoryStartedAtMs: now });
    else await this.standings.save({ deviceId, state: 'active', stateSinceMs: now, inventoryStartedAtMs: now, recountAfter: null });
  }

  /** When the inventory in progress began, or null; ends it. */
  async endInventory(deviceId: DeviceId): Promise<number | null> {
    const startedAtMs = (await this.standings.find(deviceId))?.inventoryStartedAtMs ?? null;
    if (startedAtMs !== null) await this.standings.update(deviceId, { inventoryStartedAtMs: null });
    return startedAtMs;
  }

  /** A whole inventory was taken: a device that was reconciling is believed again, from the next sweep on. */
  async showedInventory(deviceId: DeviceId): Promise<void> {
    const wasReconciling = this.known.marksOf(deviceId).reconcilingSinceMs !== null;
    await this.known.setMarks(deviceId, { inventoryEndedAtMs: this.clock.nowMs(), reconcilingSinceMs: null });
    if (wasReconciling) await this.#returned(deviceId);
  }

  /**
   * A device that was doubted or gone since `sinceMs` is back. True when it still has to show what it holds; it may have done so already,
   * before anybody noticed that it is back.
   */
  async noteReturn(deviceId: DeviceId, sinceMs: number): Promise<boolean> {
    const shown = (this.known.marksOf(deviceId).inventoryEndedAtMs ?? 0) >= sinceMs;
    if (shown) await this.#returned(deviceId);
    else await this.known.setMarks(deviceId, { reconcilingSinceMs: this.clock.nowMs() });
    return !shown;
  }

  async #returned(deviceId: DeviceId): Promise<void> {
    for (const listener of this.#returnListeners) await listener(deviceId);
  }
}
