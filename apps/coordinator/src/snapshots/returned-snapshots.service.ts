import { randomUUID } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import type { ReturnSnapshots } from '#libs/contracts';
import { unreadOf } from '#libs/durability';
import type { DeviceId } from '#libs/kernel';
import { Database } from '../database/database.ts';
import { EventsService } from '../events/events.service.ts';
import { KeptHeadsService } from '../vaults/kept-heads.service.ts';
import { VaultsService } from '../vaults/vaults.service.ts';
import { readNeededPacks } from './needed-packs.ts';
import { SnapshotProtectionService } from './snapshot-protection.service.ts';
import { SnapshotsRepository } from './snapshots.repository.ts';

/** Snapshots that their owner tells again, since the coordinator lost them. */
@Injectable()
export class ReturnedSnapshotsService {
  constructor(
    private readonly snapshots: SnapshotsRepository,
    private readonly protection: SnapshotProtectionService,
    private readonly vaults: VaultsService,
    private readonly heads: KeptHeadsService,
    private readonly events: EventsService,
    private readonly database: Database,
  ) {}

  /**
   * Takes those that the vault's newest signed head lists and that are not here; of those that are, what they need now. The time of
   * receipt is lost: the device's own time of the end stands for it, never later than now. Idempotent. Throws `vault_not_yours`,
   * `request_invalid` (a bitmap that is none, or too large).
   */
  async take(deviceId: DeviceId, { vaultId, snapshots }: ReturnSnapshots, nowMs: number): Promise<void> {
    const needed = snapshots.map((one) => ({ one, bitmap: readNeededPacks(one.neededPacks) }));
    await this.database.write(async () => {
      const vault = await this.vaults.claim(vaultId, deviceId);
      const listed = new Set((await this.heads.current(vault))?.snapshots.map((s) => s.sequence));
      let newest = 0;
      for (const { one, bitmap } of needed) {
        if (!listed.has(one.sequence)) continue;
        newest = Math.max(newest, one.sequence);
        const known = await this.snapshots.find(vaultId, one.sequence);
        if (known) {
          if (known.neededPacks !== one.neededPacks) await this.protection.restate(vault, known, one.neededPacks);
          continue;
        }
        const counts = await this.protection.start(vault, bitmap);
        const receivedAtMs = Math.min(one.endedAtMs, nowMs);
        const adHoc = one.adHoc === true ? true : null;
        await this.snapshots.insert({
          snapshotId: randomUUID(),
          vaultId,
          deviceId,
          receivedAtMs,
          ...one,
          adHoc,
          unread: unreadOf(one) || null,
          waitedMs: null,
          headHash: '',
          ...counts,
        });
      }
      await this.vaults.raiseHeadSequence(vault, newest);
      this.events.publishPanel({ event: 'snapshots', deviceId });
    });
  }
}
