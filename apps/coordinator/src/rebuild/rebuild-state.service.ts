import { Inject, Injectable } from '@nestjs/common';
import type { RebuildView } from '#libs/contracts';
import type { RebuildVerdict } from '#libs/durability';
import { evaluateRebuild, isVouchedFor } from '#libs/durability';
import type { Clock, DeviceId } from '#libs/kernel';
import { DeviceStatesService } from '../devices/device-states.service.ts';
import type { Device } from '../devices/devices.service.ts';
import { DevicesService } from '../devices/devices.service.ts';
import { CoordinatorError } from '../errors.ts';
import { CLOCK } from '../ports/ports.module.ts';
import type { MemoryRow } from './memories.repository.ts';
import { MemoriesRepository } from './memories.repository.ts';

/** Packs of which nothing can have been lost, since their owners had nothing (more) to tell when they were announced. */
export interface NewPacks {
  /** Those announced after their owner had told everything for this memory. */
  readonly memoryId: string;
  /** And all of owners that joined after this. Null: not yet, nobody vouches for those who would hold them. */
  readonly joinedAfterMs: number | null;
}

/** Whether the coordinator is getting its memory back: what everybody asks who would repair, release or delete. */
@Injectable()
export class RebuildStateService {
  constructor(
    private readonly memories: MemoriesRepository,
    private readonly devices: DevicesService,
    private readonly states: DeviceStatesService,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /** By the database, so that every coordinator on it says the same. Costs one row while nothing is wrong. */
  async verdict(): Promise<RebuildVerdict> {
    const present = await this.memories.present();
    if (!present?.afterLoss || present.endedAtMs !== null) return { frozen: false };
    const rule = await this.#rule(present);
    if (rule.frozen) return rule;
    // Repair would send again what holders have and only have to sign for.
    return {
      frozen: true,
      reason: 'The coordinator lost its memory. Enough devices have reported; the copies that they have are being put on record.',
      nextStep: 'Wait: repair goes on by itself within a minute or so.',
    };
  }

  /** Enough devices have reported, and repair does not go on yet. */
  async isReported(): Promise<boolean> {
    const present = await this.memories.present();
    return present?.afterLoss === true && present.endedAtMs === null && !(await this.#rule(present)).frozen;
  }

  async #rule(present: MemoryRow): Promise<RebuildVerdict> {
    const { known, reported } = await this.#reports(present);
    return evaluateRebuild({ sinceMs: present.sinceMs, known, reported, released: false }, this.states.settings);
  }

  /** How many devices are waited for in all, and have reported. */
  async #reports({ sinceMs, memoryId }: MemoryRow): Promise<{ readonly known: number; readonly reported: number }> {
    const known = await this.#known(sinceMs);
    const reports = await this.memories.reports(memoryId);
    return { known: known.length, reported: known.filter((device) => reports.has(device.deviceId)).length };
  }

  /** Which packs are new while nothing is repaired; null: repair goes on. */
  async newWhileFrozen(): Promise<NewPacks | null> {
    if (!(await this.isFrozen())) return null;
    const present = (await this.memories.present())!;
    const { reported } = await this.#reports(present);
    return { memoryId: present.memoryId, joinedAfterMs: isVouchedFor(reported) ? present.sinceMs : null };
  }

  async isFrozen(): Promise<boolean> {
    return (await this.verdict()).frozen;
  }

  /** Throws `coordinator_rebuilding`, temporary, while it is frozen: for what must not go out then. */
  async assertNotFrozen(): Promise<void> {
    const verdict = await this.verdict();
    if (!verdict.frozen) return;
    throw new CoordinatorError('coordinator_rebuilding', verdict.reason, { status: 'temporary', nextStep: verdict.nextStep });
  }

  async view(): Promise<RebuildView> {
    const present = await this.memories.present();
    const afterLoss = present?.afterLoss ? present : null;
    const known = afterLoss ? await this.#known(afterLoss.sinceMs) : [];
    const reports = afterLoss ? await this.memories.reports(afterLoss.memoryId) : new Map<DeviceId, number>();
    const waiting = known.filter((device) => !reports.has(device.deviceId));
    const verdict = await this.verdict();
    return {
      frozen: verdict.frozen,
      sinceMs: afterLoss?.sinceMs ?? null,
      cause: afterLoss?.cause ?? '',
      knownDevices: known.length,
      reportedDevices: known.length - waiting.length,
      neededDevices: Math.ceil(known.length * this.states.settings.reconcile.reportedShare),
      waitingFor: waiting.map(({ deviceId, name }) => ({ deviceId, deviceName: name })),
      endedAtMs: afterLoss?.endedAtMs ?? null,
      endedBy: afterLoss?.endedBy ?? null,
      reason: verdict.frozen ? verdict.reason : '',
      nextStep: verdict.frozen ? verdict.nextStep : '',
    };
  }

  /** When the newest loss was noticed; 0: there was none. */
  async lostAtMs(): Promise<number> {
    const present = await this.memories.present();
    return present?.afterLoss ? present.sinceMs : 0;
  }

  /** Which owners have nothing to tell (any more). `afterLoss` false: nobody has. */
  async owners(): Promise<{ readonly afterLoss: boolean; readonly hasReported: (owner: DeviceId) => boolean }> {
    const present = await this.memories.present();
    if (!present?.afterLoss) return { afterLoss: false, hasReported: () => true };
    const reports = await this.memories.reports(present.memoryId);
    const before = new Set((await this.devices.agents()).filter((d) => d.enrolledAtMs <= present.sinceMs).map((d) => d.deviceId));
    return { afterLoss: true, hasReported: (owner) => reports.has(owner) || !before.has(owner) };
  }

  /** Notes that a device has told everything. False: for another memory than the present one. Part of the caller's transaction. */
  async note(deviceId: DeviceId, memoryId: string): Promise<boolean> {
    const present = await this.memories.present();
    if (!present?.afterLoss || present.memoryId !== memoryId) return false;
    await this.memories.addReport({ memoryId, deviceId, reportedAtMs: this.clock.nowMs() });
    return true;
  }

  /** Repair goes on for good, whatever else is found out about the devices. False: it does already. Part of the caller's transaction. */
  async end(endedBy: string | null): Promise<boolean> {
    const present = await this.memories.present();
    if (!present?.afterLoss || present.endedAtMs !== null) return false;
    await this.memories.update(present.memoryId, { endedAtMs: this.clock.nowMs(), endedBy });
    return true;
  }

  /** Members since before the loss that are expected back. Who joined later has nothing to tell. */
  async #known(sinceMs: number): Promise<Device[]> {
    return (await this.devices.agents()).filter(
      (device) =>
        device.membership !== 'revoked' &&
        device.enrolledAtMs <= sinceMs &&
        this.states.marks(device.deviceId).lostAtMs === null &&
        this.states.standing(device).state !== 'lost',
    );
  }
}
