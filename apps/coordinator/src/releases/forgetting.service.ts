import { Injectable } from '@nestjs/common';
import type { PutVaultHead } from '#libs/contracts';
import { SnapshotProtectionService } from '../snapshots/snapshot-protection.service.ts';
import { SnapshotRetentionService } from '../snapshots/snapshot-retention.service.ts';
import { SnapshotPinsRepository } from '../snapshots/snapshot-pins.repository.ts';
import { SnapshotsRepository } from '../snapshots/snapshots.repository.ts';
import type { VaultHead } from '#libs/vault';
import type { Vault } from '../vaults/vaults.service.ts';
import { ReleaseRecordService } from './release-record.service.ts';
import { ReleasesRepository } from './releases.repository.ts';

/** Snapshots that their owner dropped: out of sight, and whole until nothing can bring them back. Part of the caller's transaction. */
@Injectable()
export class ForgettingService {
  constructor(
    private readonly releases: ReleasesRepository,
    private readonly snapshots: SnapshotsRepository,
    private readonly pins: SnapshotPinsRepository,
    private readonly retention: SnapshotRetentionService,
    private readonly protection: SnapshotProtectionService,
    private readonly record: ReleaseRecordService,
  ) {}

  /** The packs that these snapshots need from now on. */
  async restate(vault: Vault, needs: PutVaultHead['needs']): Promise<void> {
    for (const { sequence, neededPacks } of needs) {
      const snapshot = await this.snapshots.find(vault.vaultId, sequence);
      if (snapshot) await this.protection.restate(vault, snapshot, neededPacks);
    }
  }

  /** Pinned ones stay although their owner has dropped them. */
  async forgetUnlisted(vault: Vault, head: VaultHead, nowMs: number): Promise<void> {
    const listed = new Set(head.snapshots.map((s) => s.sequence));
    const pinned = await this.pins.ofVault(vault.vaultId);
    const dropped = (await this.snapshots.ofVault(vault.vaultId)).filter((s) => !listed.has(s.sequence) && !pinned.has(s.snapshotId));
    if (dropped.length === 0) return;
    const view = await this.retention.of(vault.deviceId);
    const kept = new Set(view.snapshots.filter((s) => s.keep).map((s) => s.sequence));
    await this.releases.addForgotten(
      dropped.map((row) => ({
        snapshotId: row.snapshotId,
        vaultId: vault.vaultId,
        forgottenAtMs: nowMs,
        keptByRules: kept.has(row.sequence),
        snapshot: JSON.stringify(row),
      })),
    );
    await this.snapshots.delete(dropped.map((row) => row.snapshotId));
    await this.record.forgotten(
      vault.deviceId,
      dropped.map((row) => row.sequence),
    );
  }
}
