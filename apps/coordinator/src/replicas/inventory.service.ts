import { Inject, Injectable, Logger } from '@nestjs/common';
import type { Inventory } from '#libs/contracts';
import type { Clock, DeviceId } from '#libs/kernel';
import { Database } from '../database/database.ts';
import { DeviceStatesService } from '../devices/device-states.service.ts';
import { WorkSignal } from '../packs/work-signal.ts';
import { CLOCK } from '../ports/ports.module.ts';
import { NeedlessCopiesService } from './needless-copies.service.ts';
import { isCopy } from './replica-counts.service.ts';
import { ReplicasService } from './replicas.service.ts';

/** Packs confirmed in one transaction. */
const BATCH = 500;

/**
 * What a holder says that it has. Replicas of a device that was gone count again when it names them; what a whole inventory
 * does not name is not there. Packs beyond what the coordinator counts are noted, never deleted: a receipt makes replicas of them.
 */
@Injectable()
export class InventoryService {
  readonly #log = new Logger('inventory');

  constructor(
    private readonly replicas: ReplicasService,
    private readonly signal: WorkSignal,
    private readonly states: DeviceStatesService,
    private readonly needless: NeedlessCopiesService,
    private readonly database: Database,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  async take(deviceId: DeviceId, { part, last, packs }: Inventory): Promise<void> {
    if (part === 0) await this.database.write(() => this.states.beginInventory(deviceId));
    let excess = 0;
    for (let at = 0; at < packs.length; at += BATCH) excess += await this.#confirm(deviceId, packs.slice(at, at + BATCH));
    if (excess > 0) this.#log.log({ deviceId, excess }, 'holds packs that are not counted for it');
    if (!last) return;
    const startedAtMs = await this.database.write(() => this.states.endInventory(deviceId));
    // Without its first part (a restart in between) what is missing is unknown.
    const dropped = startedAtMs === null ? 0 : await this.replicas.dropUnconfirmed(deviceId, startedAtMs);
    if (startedAtMs !== null) {
      await this.replicas.forgetShownBefore(deviceId, startedAtMs);
      await this.states.showedInventory(deviceId);
    }
    if (dropped > 0) this.#log.warn({ deviceId, dropped }, 'no longer holds packs that were counted for it');
    this.signal.raise();
  }

  /** Returns how many of the named packs are not counted for the device. */
  async #confirm(deviceId: DeviceId, named: Inventory['packs']): Promise<number> {
    return this.database.write(async () => {
      const sizes = new Map(named.map((pack) => [pack.packId, pack.sizeBytes]));
      const known = (await this.replicas.ofDevice(deviceId, [...sizes.keys()])).filter(
        (row) => isCopy(row) && row.sizeBytes === sizes.get(row.packId),
      );
      await this.replicas.confirm(deviceId, known, this.clock.nowMs());
      await this.needless.callOff(known.filter((row) => row.status === 'returning').map((row) => row.packId));
      const onRecord = new Set(known.map((row) => row.packId));
      const others = named.filter((pack) => !onRecord.has(pack.packId));
      const shownAtMs = this.clock.nowMs();
      await this.replicas.noteShown(others.map(({ packId, vaultId, sizeBytes }) => ({ packId, deviceId, vaultId, sizeBytes, shownAtMs })));
      return others.length;
    });
  }
}
