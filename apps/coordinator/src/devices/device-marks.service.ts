import type { OnModuleInit } from '@nestjs/common';
import { Injectable } from '@nestjs/common';
import type { DeviceId } from '#libs/kernel';
import { Database } from '../database/database.ts';
import type { DeviceMarks } from './device-marks.repository.ts';
import { DeviceMarksRepository } from './device-marks.repository.ts';

type Change = Partial<Omit<DeviceMarks, 'deviceId'>>;

const unmarked = {
  ...{ lostAtMs: null, awayUntilMs: null, reconcilingSinceMs: null, inventoryEndedAtMs: null },
  ...{ presence: '', presenceHourMs: null },
} as const;

/**
 * Marks of devices: in memory as they are in the database, since each look at a state asks for them. Renewed by every sweep, for what
 * another coordinator wrote and what a rolled back transaction left behind.
 */
@Injectable()
export class DeviceMarksService implements OnModuleInit {
  #marks = new Map<DeviceId, DeviceMarks>();
  /** Marks that were set so far. */
  #changes = 0;

  constructor(
    private readonly marks: DeviceMarksRepository,
    private readonly database: Database,
  ) {}

  async onModuleInit(): Promise<void> {
    await this.refresh();
  }

  async refresh(): Promise<void> {
    const changesBefore = this.#changes;
    const marks = await this.marks.all();
    // What was set while they were read is newer; the next refresh reads it too.
    if (this.#changes === changesBefore) this.#marks = new Map(marks.map((mark) => [mark.deviceId, mark]));
  }

  of(deviceId: DeviceId): DeviceMarks {
    return this.#marks.get(deviceId) ?? { deviceId, ...unmarked };
  }

  /** Devices that are back and have not shown yet what they hold. */
  reconciling(): DeviceId[] {
    return [...this.#marks.values()].filter((mark) => mark.reconcilingSinceMs !== null).map((mark) => mark.deviceId);
  }

  /** Changes some marks of a device. Joins the caller's transaction. */
  async set(deviceId: DeviceId, change: Change): Promise<void> {
    await this.database.write(async () => {
      const stored = (await this.marks.find(deviceId)) ?? { deviceId, ...unmarked };
      const next = { ...stored, ...change };
      await this.marks.save([next]);
      this.#changes += 1;
      this.#marks.set(deviceId, next);
    });
  }

  /** Changes the marks of many devices at once. */
  async setMany(changes: ReadonlyMap<DeviceId, Change>): Promise<void> {
    await this.database.write(async () => {
      const stored = new Map((await this.marks.all()).map((mark) => [mark.deviceId, mark]));
      const next = [...changes].map(([deviceId, change]) => ({ ...(stored.get(deviceId) ?? { deviceId, ...unmarked }), ...change }));
      await this.marks.save(next);
      this.#changes += 1;
      for (const mark of next) this.#marks.set(mark.deviceId, mark);
    });
  }
}
