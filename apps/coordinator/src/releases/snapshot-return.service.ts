import { Injectable } from '@nestjs/common';
import { unreadOf } from '#libs/durability';
import { SnapshotPinsRepository } from '../snapshots/snapshot-pins.repository.ts';
import { SnapshotProtectionService } from '../snapshots/snapshot-protection.service.ts';
import type { SnapshotRow } from '../snapshots/snapshots.repository.ts';
import { SnapshotsRepository } from '../snapshots/snapshots.repository.ts';
import { KeptHeadsService } from '../vaults/kept-heads.service.ts';
import type { Vault } from '../vaults/vaults.service.ts';
import { ReleasesRepository } from './releases.repository.ts';

/** What a cancel brings back besides the packs, and what a vault that was given up takes along. Part of the caller's transaction. */
@Injectable()
export class SnapshotReturnService {
  constructor(
    private readonly releases: ReleasesRepository,
    private readonly snapshots: SnapshotsRepository,
    private readonly pins: SnapshotPinsRepository,
    private readonly protection: SnapshotProtectionService,
    private readonly heads: KeptHeadsService,
  ) {}

  /**
   * Brings the forgotten snapshots of a vault back of which no pack was deleted, and the head that lists them. They are pinned, or the
   * owner's next head would drop them again. Returns how many.
   */
  async bringBack(vault: Vault, by: { readonly pinnedBy: string; readonly pinnedAtMs: number }): Promise<number> {
    const rows = (await this.releases.forgottenOf(vault.vaultId)).map((row) => JSON.parse(row.snapshot) as SnapshotRow);
    const there = new Set((await this.snapshots.ofVault(vault.vaultId)).map((s) => s.sequence));
    const whole = await this.protection.completeOf(vault.vaultId, rows);
    const back = whole.filter((row) => !there.has(row.sequence));
    for (const row of back) {
      // A row from before this was told apart has it not.
      await this.snapshots.insert({ ...row, unread: unreadOf(row) || null });
      await this.pins.add({ snapshotId: row.snapshotId, vaultId: vault.vaultId, ...by });
    }
    await this.releases.removeForgotten(whole.map((row) => row.snapshotId));
    await this.protection.recountVault(vault);
    await this.heads.putBack(vault, [...there, ...back.map((row) => row.sequence)]);
    return back.length;
  }

  /**
   * Packs of a vault that was given up are gone everywhere: the snapshots that need them are no snapshots any more, nor can a cancel bring one
   * back. With the last pack the head goes too, since it leads nowhere.
   */
  async dropIncomplete(vault: Vault): Promise<void> {
    const listed = await this.snapshots.ofVault(vault.vaultId);
    const whole = new Set((await this.protection.completeOf(vault.vaultId, listed)).map((row) => row.snapshotId));
    const broken = listed.filter((row) => !whole.has(row.snapshotId)).map((row) => row.snapshotId);
    await this.snapshots.delete(broken);
    for (const snapshotId of broken) await this.pins.remove(snapshotId);
    if (vault.packs > 0) return;
    await this.releases.removeForgotten((await this.releases.forgottenOf(vault.vaultId)).map((row) => row.snapshotId));
    await this.heads.clear(vault.vaultId);
  }
}
