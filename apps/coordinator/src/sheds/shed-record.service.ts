import { Injectable } from '@nestjs/common';
import type { ShedPlan, ShedState } from '#libs/durability';
import { noShed } from '#libs/durability';
import type { DeviceId, PackId } from '#libs/kernel';
import { AuditLogService } from '../audit-log/audit-log.service.ts';
import { Database } from '../database/database.ts';
import type { Device } from '../devices/devices.service.ts';
import { EventsService } from '../events/events.service.ts';
import { NeedlessCopiesService } from '../replicas/needless-copies.service.ts';
import { ReplicasService } from '../replicas/replicas.service.ts';
import type { ShedRow } from './sheds.repository.ts';
import { ShedsRepository } from './sheds.repository.ts';

const DAY_MS = 86_400_000;
/** Marks taken back with one statement. */
const BATCH = 500;

const dayOf = (nowMs: number): number => Math.floor(nowMs / DAY_MS) * DAY_MS;

/** Keeps sheds and the marks at their replicas in step, and leaves the trace of each step. */
@Injectable()
export class ShedRecordService {
  constructor(
    private readonly sheds: ShedsRepository,
    private readonly replicas: ReplicasService,
    private readonly needless: NeedlessCopiesService,
    private readonly auditLog: AuditLogService,
    private readonly events: EventsService,
    private readonly database: Database,
  ) {}

  all(): Promise<Map<DeviceId, ShedRow>> {
    return this.sheds.all();
  }

  /** Bytes of copies that were ordered today for the device. */
  usedToday(shed: ShedRow, nowMs: number): number {
    return shed.dayMs === dayOf(nowMs) ? shed.dayBytes : 0;
  }

  /** Notes what a heartbeat changed. Once nothing is left to give back, all that was to leave and was not let go yet stays. */
  async follow(device: Device, before: ShedRow | undefined, now: ShedState): Promise<void> {
    const { deviceId } = device;
    await this.database.write(async () => {
      if (now.shortSinceMs === null && now.begunAtMs === null) {
        await this.#keepAll(deviceId);
        await this.sheds.delete(deviceId);
      } else {
        await this.sheds.save({ deviceId, dayMs: 0, dayBytes: 0, obstacle: '', ...before, ...now });
      }
      const [began, is] = [(before ?? noShed).begunAtMs !== null, now.begunAtMs !== null];
      if (began !== is) await this.#tell(device, is ? 'shed.begin' : 'shed.end');
      this.events.publishPanel({ event: 'devices', deviceId });
    });
  }

  /** Carries a plan out: marks and counts, and the share of the day that is used up. */
  async carryOut(device: Device, shed: ShedRow, plan: ShedPlan, nowMs: number): Promise<void> {
    const { deviceId } = device;
    await this.database.write(async () => {
      await this.replicas.markShed(
        deviceId,
        plan.chosen.map((pack) => pack.packId),
        nowMs,
      );
      await this.#keep(deviceId, plan.unmark);
      const obstacle = plan.obstacle ?? '';
      const used = { dayMs: dayOf(nowMs), dayBytes: this.usedToday(shed, nowMs) + plan.copyBytes };
      await this.sheds.save({ ...shed, ...used, obstacle });
      if (obstacle !== '' && obstacle !== shed.obstacle) await this.#tell(device, 'shed.stuck', { obstacle, bytes: plan.missingBytes });
      this.events.publishPanel({ event: 'devices', deviceId });
    });
  }

  /** Their agents look what is wanted of them. */
  tellOwners(owners: Iterable<DeviceId>): void {
    for (const owner of owners) this.events.publishAgent(owner, { event: 'releases' });
  }

  /** Copies for them that nobody has begun to fetch are called off; what its owner let go goes all the same. */
  async #keepAll(deviceId: DeviceId): Promise<void> {
    for (;;) {
      const packIds = await this.replicas.markedAt(deviceId, BATCH);
      await this.#keep(deviceId, packIds);
      if (packIds.length < BATCH) return;
    }
  }

  async #keep(deviceId: DeviceId, packIds: readonly PackId[]): Promise<void> {
    await this.replicas.markShed(deviceId, packIds, null);
    await this.needless.callOff(packIds);
  }

  async #tell({ deviceId, name }: Device, action: string, detail: Record<string, unknown> = {}): Promise<void> {
    await this.auditLog.record({ actor: 'coordinator', action, subject: name, deviceId, detail });
  }
}
