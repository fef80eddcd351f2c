import { Inject, Injectable } from '@nestjs/common';
import type { Clock, DeviceId, PackId, VaultId } from '#libs/kernel';
import { AuditLogService } from '../audit-log/audit-log.service.ts';
import { EventsService } from '../events/events.service.ts';
import { CLOCK } from '../ports/ports.module.ts';
import { ReplicasService } from '../replicas/replicas.service.ts';
import type { Vault } from '../vaults/vaults.service.ts';
import { VaultsService } from '../vaults/vaults.service.ts';
import type { TrimRow } from './trims.repository.ts';
import { TrimsRepository } from './trims.repository.ts';

/** Packs that an owner is asked about in one answer: it asks other holders for each. */
const ASKED = 400;

/** Keeps trims and the replicas that they are about in step, and leaves the trace of each step. */
@Injectable()
export class TrimRecordService {
  constructor(
    private readonly trims: TrimsRepository,
    private readonly replicas: ReplicasService,
    private readonly vaults: VaultsService,
    private readonly auditLog: AuditLogService,
    private readonly events: EventsService,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  find(releaseId: string): Promise<TrimRow | null> {
    return this.trims.find(releaseId);
  }

  lastSequence(vaultId: VaultId): Promise<number> {
    return this.trims.lastSequence(vaultId);
  }

  /** An owner's packs that have been surplus for so long, the oldest first. */
  async askable(owner: DeviceId, forMs: number): Promise<{ vault: Vault | null; nextSequence: number; oldest: PackId[] }> {
    const vault = await this.vaults.ofDevice(owner);
    const nextSequence = (vault ? await this.trims.lastSequence(vault.vaultId) : 0) + 1;
    const oldest = (await this.trims.surplusOf(owner, this.clock.nowMs() - forMs, ASKED)).map((row) => row.packId);
    return { vault, nextSequence, oldest };
  }

  /** An owner's packs that are to leave full disks, by holder; no more than it can be asked about at once. */
  shedOf(owner: DeviceId): Promise<Map<DeviceId, PackId[]>> {
    return this.replicas.shedOf(owner, ASKED);
  }

  /** An owner's packs of which holders have damaged copies that it has not let go yet, by holder. */
  damagedOf(owner: DeviceId): Promise<Map<DeviceId, PackId[]>> {
    return this.replicas.damagedOf(owner, ASKED);
  }

  /** Those of the packs of which this device is on record with a copy that counts, or a damaged one. */
  async heldAt(holder: DeviceId, packIds: readonly PackId[]): Promise<PackId[]> {
    return (await this.replicas.ofDevice(holder, packIds))
      .filter((row) => row.status === 'held' || row.status === 'damaged')
      .map((row) => row.packId);
  }

  /** The copies count no more from now on. Part of the caller's transaction. */
  async begin(trim: TrimRow, packIds: readonly PackId[]): Promise<void> {
    await this.trims.insert(trim, packIds);
    await this.replicas.letGo(trim.holderDeviceId, packIds);
    await this.#tell(trim, 'trim.begin', 'device');
  }

  /** Those of its packs that are still being let go: not deleted, dropped or kept after all. */
  async leaving({ releaseId, holderDeviceId }: TrimRow): Promise<PackId[]> {
    const rows = await this.replicas.ofDevice(holderDeviceId, await this.trims.packsOf(releaseId));
    return rows.filter((row) => row.status === 'trimming' || row.status === 'damaged').map((row) => row.packId);
  }

  /** These are wanted after all. Part of the caller's transaction. */
  async keep(trim: TrimRow, packIds: readonly PackId[]): Promise<void> {
    if (packIds.length === 0) return;
    await this.replicas.keepAfterAll(trim.holderDeviceId, packIds, this.#mayBeGone(trim));
    await this.trims.dropPacks(trim.releaseId, packIds);
    await this.#tell(trim, 'trim.keep', 'coordinator', { packs: packIds.length });
  }

  /** The holder has deleted these. Part of the caller's transaction. */
  async deleted(trim: TrimRow, packIds: readonly PackId[]): Promise<void> {
    const leaving = new Set(await this.leaving(trim));
    await this.replicas.deleted(
      trim.holderDeviceId,
      packIds.filter((packId) => leaving.has(packId)),
    );
    await this.trims.dropPacks(trim.releaseId, packIds);
  }

  /** Nothing of it is left to do. Part of the caller's transaction. */
  async endIfDone(trim: TrimRow): Promise<void> {
    if ((await this.leaving(trim)).length > 0) return;
    await this.trims.dropPacks(trim.releaseId, await this.trims.packsOf(trim.releaseId));
    await this.trims.update(trim.releaseId, { state: 'done' });
    await this.#tell(trim, 'trim.done', 'coordinator');
  }

  /** Void for good: all that is left counts again. Part of the caller's transaction. */
  async cancel(trim: TrimRow, cancel: string, actor: string): Promise<void> {
    await this.replicas.keepAfterAll(trim.holderDeviceId, await this.leaving(trim), this.#mayBeGone(trim));
    await this.trims.dropPacks(trim.releaseId, await this.trims.packsOf(trim.releaseId));
    await this.trims.update(trim.releaseId, { state: 'cancelled', cancel });
    await this.#tell(trim, 'trim.cancel', actor);
  }

  /** Its holder may have been told that it may delete, and not have been heard of since. */
  #mayBeGone({ holdUntilMs }: TrimRow): boolean {
    return holdUntilMs <= this.clock.nowMs();
  }

  async #tell(trim: TrimRow, action: string, actor: string, detail: Record<string, unknown> = {}): Promise<void> {
    const { releaseId, deviceId, holderDeviceId, packs, bytes } = trim;
    await this.auditLog.record({
      actor,
      action,
      subject: releaseId,
      deviceId,
      detail: { releaseId, holderDeviceId, packs, bytes, ...detail },
    });
    this.events.publishPanel({ event: 'packs', deviceId });
    this.events.publishAgent(holderDeviceId, { event: 'releases' });
  }
}
