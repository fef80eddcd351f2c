import { Injectable } from '@nestjs/common';
import type { DeviceState } from '#libs/contracts';
import { acceptsPacks, isDoubted, isGone, isReturn } from '#libs/durability';
import type { DeviceId } from '#libs/kernel';
import { Database } from '../database/database.ts';
import type { StateChange } from '../devices/device-states.service.ts';
import { DeviceStatesService } from '../devices/device-states.service.ts';
import { EventsService } from '../events/events.service.ts';
import { JobsService } from '../jobs/jobs.service.ts';
import { ReplicasService } from '../replicas/replicas.service.ts';

/** What a device's new state means for its jobs and for what it holds. */
@Injectable()
export class DeviceTransitionsService {
  constructor(
    private readonly states: DeviceStatesService,
    private readonly jobs: JobsService,
    private readonly replicas: ReplicasService,
    private readonly events: EventsService,
    private readonly database: Database,
  ) {}

  /** Records new states and what follows at once. Recounting what the devices hold comes after, in steps. */
  async record(changes: readonly StateChange[], alsoInTransaction: () => Promise<void>): Promise<void> {
    await this.database.write(async () => {
      for (const change of changes) await this.#record(change);
      await alsoInTransaction();
    });
  }

  /** Counts again what devices with a new state hold: batch by batch, each in its own transaction, from where a crash left it. */
  async recount(signal: AbortSignal): Promise<number> {
    let devices = 0;
    for (const { deviceId, recountAfter } of await this.states.recounting()) {
      let after = recountAfter;
      while (after !== null && !signal.aborted) {
        after = await this.replicas.recountSome(deviceId, after, (next) => this.states.setRecountAfter(deviceId, next));
      }
      devices += 1;
    }
    return devices;
  }

  /** Asks again those that came back and have not shown their inventory. */
  async remind(): Promise<void> {
    const waiting = new Set([...(await this.replicas.returningDevices()), ...this.states.reconciling()]);
    for (const deviceId of waiting) this.#askForInventory(deviceId);
  }

  /** An agent sends its inventory when its channel opens; one whose channel outlived the silence has no other reason to. */
  #askForInventory(deviceId: DeviceId): void {
    this.database.afterCommit(() => this.events.closeAgent(deviceId));
  }

  async #record(change: StateChange): Promise<void> {
    const { device, from, fromSinceMs } = change;
    const { deviceId } = device;
    // What came back must show its inventory before it counts again.
    const returned = from !== null && isReturn(from, change.to);
    const mustShow = returned && (await this.states.noteReturn(deviceId, fromSinceMs));
    const to = mustShow ? this.states.standing(device).state : change.to;
    await this.states.record({ ...change, to }, from === null || weighs(from) !== weighs(to));
    if (returned && isGone(from)) await this.replicas.markReturning(deviceId, fromSinceMs);
    if (mustShow) this.#askForInventory(deviceId);
    if (!acceptsPacks(to)) {
      // Somebody who is awake fetches it instead.
      const jobs = await this.jobs.cancel(deviceId, 'replicate', { code: 'device_not_awake', message: `The device is ${to}.` });
      await this.replicas.giveUp(jobs.map((job) => ({ packId: job.packId!, deviceId })));
    }
    this.events.publishPanel({ event: 'devices', deviceId });
  }
}

/** States that count alike need no recount between them. */
function weighs(state: DeviceState): 'sound' | 'doubtful' | 'leaving' | 'gone' {
  if (isGone(state)) return 'gone';
  return isDoubted(state) ? 'doubtful' : state === 'draining' ? 'leaving' : 'sound';
}
