import type { OnModuleInit } from '@nestjs/common';
import { Inject, Injectable, Logger } from '@nestjs/common';
import { PresenceHistory, hourOfWeek } from '#libs/durability';
import type { Clock, DeviceId } from '#libs/kernel';
import { fromBase64Url, toBase64Url } from '#libs/kernel';
import { DurabilityRulesService } from '../policies/durability-rules.service.ts';
import { CLOCK } from '../ports/ports.module.ts';
import { PresenceService } from '../presence/presence.service.ts';
import type { DeviceMarks } from './device-marks.repository.ts';
import { DeviceMarksService } from './device-marks.service.ts';
import { DevicesService } from './devices.service.ts';

const HOUR_MS = 3_600_000;

/** Learns when each device is usually there: one row a device and hour, whatever the number of heartbeats. */
@Injectable()
export class PresenceHistoriesService implements OnModuleInit {
  readonly #log = new Logger('presence');
  /** Absences that ended in the hour under way. */
  readonly #gaps = new Map<DeviceId, number[]>();
  /** Decoded histories, by the text that they came from. */
  readonly #decoded = new Map<DeviceId, { readonly text: string; readonly history: PresenceHistory }>();
  #hourMs = 0;

  constructor(
    private readonly devices: DevicesService,
    private readonly marks: DeviceMarksService,
    private readonly presence: PresenceService,
    private readonly rules: DurabilityRulesService,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  onModuleInit(): void {
    this.#hourMs = this.#hourNow();
    this.presence.onReturn((deviceId, absentMs) => {
      const gaps = this.#gaps.get(deviceId);
      if (gaps) gaps.push(absentMs);
      else this.#gaps.set(deviceId, [absentMs]);
    });
  }

  of(deviceId: DeviceId): PresenceHistory {
    const text = this.marks.of(deviceId).presence;
    const known = this.#decoded.get(deviceId);
    if (known?.text === text) return known.history;
    let history = PresenceHistory.empty();
    try {
      if (text !== '') history = PresenceHistory.fromBytes(fromBase64Url(text));
    } catch (error) {
      // A habit is learnt again within weeks; nothing else depends on it.
      this.#log.warn({ err: error, deviceId }, 'the presence history can’t be read and starts anew');
    }
    this.#decoded.set(deviceId, { text, history });
    return history;
  }

  /**
   * Writes down the hour that is over: who was seen in it. Hours in which the coordinator was down are left out: it heard nobody.
   * Called by the sweep; with several coordinators the last to write an hour wins, and they saw the same heartbeats in turns.
   */
  async fold(): Promise<void> {
    const now = this.#hourNow();
    if (now <= this.#hourMs) return;
    const over = this.#hourMs;
    this.#hourMs = now;
    const { settings } = this.rules;
    const changes = new Map<DeviceId, Partial<DeviceMarks>>();
    for (const device of await this.devices.agents()) {
      const { deviceId, membership } = device;
      if (membership === 'revoked' || (this.marks.of(deviceId).presenceHourMs ?? 0) >= over + HOUR_MS) continue;
      const lastSeenAtMs = this.presence.get(deviceId)?.lastSeenAtMs ?? device.lastSeenAtMs ?? 0;
      let history = this.of(deviceId).withHour(hourOfWeek(over), lastSeenAtMs >= over, settings);
      for (const gapMs of this.#gaps.get(deviceId) ?? []) history = history.withGap(gapMs);
      changes.set(deviceId, { presence: toBase64Url(history.bytes), presenceHourMs: over + HOUR_MS });
    }
    this.#gaps.clear();
    if (changes.size > 0) await this.marks.setMany(changes);
  }

  #hourNow(): number {
    return Math.floor(this.clock.nowMs() / HOUR_MS) * HOUR_MS;
  }
}
