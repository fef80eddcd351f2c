import { Inject, Injectable } from '@nestjs/common';
import type { PackBitmap, ProtectionCounts, ReplicaChange, ReplicaGoal } from '#libs/durability';
import { applyReplicaChanges, protectionOf, snapshotProtection } from '#libs/durability';
import type { Clock, VaultId } from '#libs/kernel';
import { EventsService } from '../events/events.service.ts';
import { PacksService } from '../packs/packs.service.ts';
import { PoliciesService } from '../policies/policies.service.ts';
import { CLOCK } from '../ports/ports.module.ts';
import type { Vault } from '../vaults/vaults.service.ts';
import { readNeededPacks } from './needed-packs.ts';
import type { SnapshotRow } from './snapshots.repository.ts';
import { SnapshotsRepository } from './snapshots.repository.ts';

type SnapshotCounts = Pick<SnapshotRow, 'packs' | 'belowMinimum' | 'belowTarget' | 'protection' | 'protectedAtMs'>;

/** Bitmaps of snapshots that changed lately; inflating them again for each receipt would be most of the work. */
const MAX_CACHED_BYTES = 32 * 1024 * 1024;

/** Keeps "captured, protected, full" of every snapshot in step with the replicas, at a cost that follows what changed. */
@Injectable()
export class SnapshotProtectionService {
  readonly #bitmaps = new Map<string, PackBitmap>();
  #cachedBytes = 0;

  constructor(
    private readonly snapshots: SnapshotsRepository,
    private readonly packs: PacksService,
    private readonly policies: PoliciesService,
    private readonly events: EventsService,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /** Counts of a new snapshot from the packs as they stand. */
  async start(vault: Vault, needed: PackBitmap): Promise<SnapshotCounts> {
    const goal = (await this.policies.goals())(vault.deviceId);
    const effective = await this.packs.effectiveOf(vault.vaultId);
    const counts = snapshotProtection(needed, (ordinal) => effective.get(ordinal) ?? 0, goal);
    const protection = protectionOf(counts);
    return { ...counts, protection, protectedAtMs: protection === 'captured' ? null : this.clock.nowMs() };
  }

  /** Carries changed packs over to the vault's snapshots. Part of the caller's transaction. */
  async apply(vaultId: VaultId, changes: readonly ReplicaChange[], goal: ReplicaGoal): Promise<void> {
    const crossing = changes.filter(({ before, after }) => levelOf(before, goal) !== levelOf(after, goal));
    if (crossing.length === 0) return;
    for (const snapshot of await this.snapshots.ofVault(vaultId)) {
      await this.#write(snapshot, applyReplicaChanges(snapshot, this.#needed(snapshot), crossing, goal));
    }
  }

  /** Counts all snapshots of a vault from scratch: after its goal changed. */
  async recount(vaultId: VaultId, goal: ReplicaGoal): Promise<void> {
    const effective = await this.packs.effectiveOf(vaultId);
    for (const snapshot of await this.snapshots.ofVault(vaultId)) {
      await this.#write(
        snapshot,
        snapshotProtection(this.#needed(snapshot), (ordinal) => effective.get(ordinal) ?? 0, goal),
      );
    }
  }

  /** As {@link recount}, with the goal of the vault's owner. */
  async recountVault(vault: Vault): Promise<void> {
    await this.recount(vault.vaultId, (await this.policies.goals())(vault.deviceId));
  }

  /** The snapshot needs other packs from now on: its chunks were copied. Throws `request_invalid`. */
  async restate(vault: Vault, snapshot: SnapshotRow, neededPacks: string): Promise<void> {
    const counts = await this.start(vault, readNeededPacks(neededPacks));
    this.#drop(snapshot.snapshotId);
    const protectedAtMs = snapshot.protectedAtMs ?? counts.protectedAtMs;
    await this.snapshots.update(snapshot.snapshotId, { ...counts, protectedAtMs, neededPacks });
    this.events.publishPanel({ event: 'snapshots', deviceId: snapshot.deviceId });
  }

  /** Those of which every pack is still known. */
  async completeOf(vaultId: VaultId, snapshots: readonly SnapshotRow[]): Promise<SnapshotRow[]> {
    const known = await this.packs.effectiveOf(vaultId);
    return snapshots.filter((snapshot) => [...readNeededPacks(snapshot.neededPacks).ordinals()].every((ordinal) => known.has(ordinal)));
  }

  /** Whether every needed pack is among `available` ordinals. */
  isWithin(snapshot: SnapshotRow, available: PackBitmap): boolean {
    return this.#needed(snapshot).within(available);
  }

  async #write(snapshot: SnapshotRow, counts: ProtectionCounts): Promise<void> {
    const { packs, belowMinimum, belowTarget } = counts;
    if (packs === snapshot.packs && belowMinimum === snapshot.belowMinimum && belowTarget === snapshot.belowTarget) return;
    const protection = protectionOf(counts);
    const protectedAtMs = snapshot.protectedAtMs ?? (protection === 'captured' ? null : this.clock.nowMs());
    await this.snapshots.update(snapshot.snapshotId, { packs, belowMinimum, belowTarget, protection, protectedAtMs });
    if (protection !== snapshot.protection) this.events.publishPanel({ event: 'snapshots', deviceId: snapshot.deviceId });
  }

  #drop(snapshotId: string): void {
    this.#cachedBytes -= this.#bitmaps.get(snapshotId)?.bytes.length ?? 0;
    this.#bitmaps.delete(snapshotId);
  }

  #needed(snapshot: SnapshotRow): PackBitmap {
    const cached = this.#bitmaps.get(snapshot.snapshotId);
    if (cached) return cached;
    const bitmap = readNeededPacks(snapshot.neededPacks);
    this.#bitmaps.set(snapshot.snapshotId, bitmap);
    this.#cachedBytes += bitmap.bytes.length;
    for (const [oldest, old] of this.#bitmaps) {
      if (this.#cachedBytes <= MAX_CACHED_BYTES) break;
      this.#bitmaps.delete(oldest);
      this.#cachedBytes -= old.bytes.length;
    }
    return bitmap;
  }
}

const levelOf = (effective: number, goal: ReplicaGoal): number => Number(effective >= goal.minimum) + Number(effective >= goal.target);
