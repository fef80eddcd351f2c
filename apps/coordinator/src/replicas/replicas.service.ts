import { Injectable } from '@nestjs/common';
import type { DeviceId, PackId, VaultId } from '#libs/kernel';
import { Database } from '../database/database.ts';
import { EventsService } from '../events/events.service.ts';
import { ReplicaCountsService } from './replica-counts.service.ts';
import type { PackRow } from '../packs/packs.repository.ts';
import type { LeavingBytes, ReplicaRow } from './replicas.repository.ts';
import { ReplicasRepository } from './replicas.repository.ts';
import type { ShownPack } from './shown-packs.repository.ts';
import { ShownPacksRepository } from './shown-packs.repository.ts';

/** Packs counted again in one transaction: others write in between. */
const BATCH = 500;

/** Who holds what. Every change ends in a recount of the packs that it touched. */
@Injectable()
export class ReplicasService {
  constructor(
    private readonly replicas: ReplicasRepository,
    private readonly shown: ShownPacksRepository,
    private readonly counts: ReplicaCountsService,
    private readonly events: EventsService,
    private readonly database: Database,
  ) {}

  ofPacks(packIds: readonly PackId[]): Promise<ReplicaRow[]> {
    return this.replicas.ofPacks(packIds);
  }

  ofDevice(deviceId: DeviceId, packIds: readonly PackId[]): Promise<ReplicaRow[]> {
    return this.replicas.ofDevice(deviceId, packIds);
  }

  holdersByOrdinal(vaultId: VaultId): Promise<{ ordinal: number; deviceId: DeviceId }[]> {
    return this.replicas.holdersByOrdinal(vaultId);
  }

  /** Packs that a device holds (none on their way), in order after `after`. */
  heldAfter(deviceId: DeviceId, after: string, limit: number): Promise<PackId[]> {
    return this.replicas.packsAfter(deviceId, after, limit, 'held');
  }

  pendingBytes(): Promise<Map<DeviceId, number>> {
    return this.replicas.pendingBytes();
  }

  /** Notes packs as on their way to devices, which may have damaged copies of them, and counts them again. Part of the caller's transaction. */
  async expect(pending: readonly Pick<ReplicaRow, 'packId' | 'deviceId' | 'sizeBytes' | 'generation' | 'jobId'>[]): Promise<void> {
    const packIds = [...new Set(pending.map((replica) => replica.packId))];
    const damaged = new Map((await this.replicas.ofPacks(packIds)).map((row) => [`${row.packId}/${row.deviceId}`, row.damagedAtMs]));
    await this.replicas.save(
      pending.map((replica) => ({
        ...{ ...replica, status: 'pending', heldAtMs: null, confirmedAtMs: null, shedSinceMs: null },
        damagedAtMs: damaged.get(`${replica.packId}/${replica.deviceId}`) ?? null,
      })),
    );
    await this.counts.recount(packIds);
  }

  /** The job to fetch a pack ended without a receipt: the place is free again, and a damaged copy that lies there is known as one again. */
  async giveUp(pending: readonly { readonly packId: PackId; readonly deviceId: DeviceId }[]): Promise<void> {
    for (const { packId, deviceId } of pending) await this.replicas.dropPending(packId, deviceId);
    await this.counts.recount([...new Set(pending.map((replica) => replica.packId))]);
  }

  /** The device was gone since `goneSinceMs` and is back: what it held counts again once its inventory names it, or has named it already. */
  markReturning(deviceId: DeviceId, goneSinceMs: number): Promise<void> {
    return this.replicas.markReturning(deviceId, goneSinceMs);
  }

  /** Devices whose inventory is still awaited. */
  returningDevices(): Promise<DeviceId[]> {
    return this.replicas.returningDevices();
  }

  /** A holder's inventory named these packs at `atMs`: what was returning counts again. */
  async confirm(deviceId: DeviceId, rows: readonly ReplicaRow[], atMs: number): Promise<void> {
    const named = (row: ReplicaRow): boolean => row.status === 'held' || row.status === 'returning';
    await this.replicas.update(
      deviceId,
      rows.filter(named).map((row) => row.packId),
      { status: 'held', confirmedAtMs: atMs },
    );
    // To name a pack is no proof: what an audit put in quarantine stays there, and so does what is let go.
    const others = rows.filter((row) => row.status === 'quarantine' || row.status === 'trimming').map((row) => row.packId);
    await this.replicas.update(deviceId, others, { confirmedAtMs: atMs });
    await this.counts.recount(rows.filter((row) => row.status === 'returning').map((row) => row.packId));
  }

  /** A holder's inventory named these packs, which are not on record for it. Nothing counts by that alone. */
  noteShown(rows: readonly ShownPack[]): Promise<void> {
    return this.shown.save(rows);
  }

  /** A whole inventory, begun then, has ended: what it did not show is not there. */
  forgetShownBefore(deviceId: DeviceId, startedAtMs: number): Promise<void> {
    return this.shown.deleteShownBefore(deviceId, startedAtMs);
  }

  /** Counts packs again whose release began or was cancelled. Part of the caller's transaction. */
  recount(packIds: readonly PackId[]): Promise<void> {
    return this.counts.recount(packIds);
  }

  /**
   * Holders have had leave to delete these packs, and may have used it without having been able to say so: each copy counts again once its holder,
   * which is asked at once, names it. Part of the caller's transaction.
   */
  async doubt(packIds: readonly PackId[]): Promise<void> {
    const holders = await this.replicas.doubt(packIds);
    await this.counts.recount(packIds);
    this.#askForInventories(holders);
  }

  /** An agent shows its inventory whenever its channel opens. */
  #askForInventories(holders: readonly DeviceId[]): void {
    this.database.afterCommit(() => holders.forEach((deviceId) => this.events.closeAgent(deviceId)));
  }

  /** A holder deleted released packs. Returns how many replicas that were. Part of the caller's transaction. */
  async deleted(deviceId: DeviceId, packIds: readonly PackId[]): Promise<number> {
    const there = (await this.replicas.ofDevice(deviceId, packIds)).map((row) => row.packId);
    await this.replicas.delete(deviceId, there);
    await this.counts.recount(there);
    return there.length;
  }

  /** The packs are gone for good: nothing is known of them any more. Part of the caller's transaction. */
  forget(packIds: readonly PackId[]): Promise<void> {
    return this.replicas.deleteOfPacks(packIds);
  }

  /** Packs that a whole inventory, begun at `startedAtMs`, did not name are not there. Returns how many. */
  async dropUnconfirmed(deviceId: DeviceId, startedAtMs: number): Promise<number> {
    for (let dropped = 0; ;) {
      const gone = await this.database.write(async () => {
        const packIds = await this.replicas.unconfirmed(deviceId, startedAtMs, BATCH);
        await this.replicas.delete(deviceId, packIds);
        await this.counts.recount(packIds);
        return packIds.length;
      });
      dropped += gone;
      if (gone < BATCH) return dropped;
    }
  }

  /** Held replicas that count as nothing from now on, until {@link reinstate}. Part of the caller's transaction. */
  async quarantine(deviceId: DeviceId, packIds: readonly PackId[]): Promise<void> {
    await this.replicas.changeStatus(deviceId, packIds, 'held', 'quarantine');
    await this.counts.recount(packIds);
  }

  /** Quarantined replicas that proved themselves count again. Part of the caller's transaction. */
  async reinstate(deviceId: DeviceId, packIds: readonly PackId[]): Promise<void> {
    await this.replicas.changeStatus(deviceId, packIds, 'quarantine', 'held');
    await this.counts.recount(packIds);
  }

  /** Held replicas that their owner has let go count as nothing from now on. Part of the caller's transaction. */
  async letGo(deviceId: DeviceId, packIds: readonly PackId[]): Promise<void> {
    await this.replicas.changeStatus(deviceId, packIds, 'held', 'trimming');
    await this.counts.recount(packIds);
  }

  /**
   * They are wanted after all and count again: at once, or, when the holder has had leave to delete them (`mayBeGone`), as soon as it names them.
   * Part of the caller's transaction.
   */
  async keepAfterAll(deviceId: DeviceId, packIds: readonly PackId[], mayBeGone: boolean): Promise<void> {
    await this.replicas.changeStatus(deviceId, packIds, 'trimming', mayBeGone ? 'returning' : 'held');
    if (mayBeGone) await this.replicas.update(deviceId, packIds, { confirmedAtMs: null });
    await this.counts.recount(packIds);
    if (mayBeGone && packIds.length > 0) this.#askForInventories([deviceId]);
  }

  /** Held replicas are to leave their holder from now on, since its disk is short; `null`: they are not. Part of the caller's transaction. */
  async markShed(deviceId: DeviceId, packIds: readonly PackId[], sinceMs: number | null): Promise<void> {
    await this.replicas.update(deviceId, packIds, { shedSinceMs: sinceMs });
    await this.counts.recount(packIds);
  }

  /** The next packs that are to leave this holder, for taking all of the marks back by and by. */
  markedAt(deviceId: DeviceId, limit: number): Promise<PackId[]> {
    return this.replicas.markedAt(deviceId, limit);
  }

  /** Bytes that are leaving a device; marked ones by whether that was before `chosenBeforeMs`. */
  async leavingBytes(deviceId: DeviceId, chosenBeforeMs: number): Promise<LeavingBytes> {
    return (await this.replicas.leavingBytes([deviceId], chosenBeforeMs)).get(deviceId)!;
  }

  /** What is to leave devices, and what their owners have let go already. */
  async leavingByDevice(deviceIds: readonly DeviceId[]): Promise<Map<DeviceId, { movingBytes: number; inHoldBytes: number }>> {
    const leaving = await this.replicas.leavingBytes(deviceIds);
    return new Map(
      [...leaving].map(([deviceId, { markedBytes, trimmingBytes }]) => [
        deviceId,
        { movingBytes: markedBytes, inHoldBytes: trimmingBytes },
      ]),
    );
  }

  /** An owner's packs that are to leave full disks, by holder. */
  async shedOf(owner: DeviceId, limit: number): Promise<Map<DeviceId, PackId[]>> {
    const found = Map.groupBy(await this.replicas.shedOf(owner, limit), (one) => one.deviceId);
    return new Map([...found].map(([deviceId, some]) => [deviceId, some.map((one) => one.packId)]));
  }

  /** An owner's packs of which holders have damaged copies that nobody has let go yet, by holder. */
  async damagedOf(owner: DeviceId, limit: number): Promise<Map<DeviceId, PackId[]>> {
    const found = Map.groupBy(await this.replicas.damagedOf(owner, limit), (one) => one.deviceId);
    return new Map([...found].map(([deviceId, some]) => [deviceId, some.map((one) => one.packId)]));
  }

  /**
   * The holder found its copy damaged. It is no copy from now on, and the pack may be placed anew, there too; what is left of it goes when its
   * owner lets it go. A copy that is not on record is noted only if the holder once signed for it. While a whole one is on its way nothing changes but
   * what is known if that never comes. Part of the caller's transaction.
   */
  async markDamaged(deviceId: DeviceId, pack: Pick<PackRow, 'packId' | 'sizeBytes'>, atMs: number): Promise<void> {
    const { packId, sizeBytes } = pack;
    const known = await this.replicas.find(packId, deviceId);
    const isNews = !known || (known.status === 'pending' && known.damagedAtMs === null);
    if (isNews && !(await this.replicas.receiptsFor([packId])).has(`${packId}/${deviceId}`)) return;
    if (known?.status === 'pending') {
      await this.replicas.update(deviceId, [packId], { damagedAtMs: atMs });
      return;
    }
    // Of no job any more: a receipt for one that was given up before says nothing of what was found after it.
    const of = { packId, deviceId, sizeBytes, generation: known?.generation ?? 0, jobId: null, heldAtMs: known?.heldAtMs ?? null };
    await this.replicas.save([{ ...of, status: 'damaged', confirmedAtMs: atMs, shedSinceMs: null, damagedAtMs: atMs }]);
    await this.counts.recount([packId]);
  }

  /** Damaged copies that a holder has not named after that time are not there any more. Part of the caller's transaction. */
  forgetDamagedUntil(deviceId: DeviceId, namedUntilMs: number): Promise<void> {
    return this.replicas.deleteDamagedUntil(deviceId, namedUntilMs);
  }

  /** The holder has these no longer: they may be placed anew, there too. Part of the caller's transaction. */
  async drop(deviceId: DeviceId, packIds: readonly PackId[]): Promise<void> {
    await this.replicas.deleteKept(deviceId, packIds);
    await this.counts.recount(packIds);
  }

  /** The next held replicas of a device, for putting all of them in quarantine by and by. */
  heldBy(deviceId: DeviceId, limit: number): Promise<PackId[]> {
    return this.replicas.heldBy(deviceId, limit);
  }

  /** Quarantined replicas by device. */
  quarantinedCounts(): Promise<Map<DeviceId, number>> {
    return this.replicas.quarantinedCounts();
  }

  /** Counts the next batch of a device's packs again, in a transaction of its own. Returns where it got to; null: all done. */
  async recountSome(deviceId: DeviceId, after: string, done: (after: string | null) => Promise<void>): Promise<string | null> {
    return this.database.write(async () => {
      const packIds = await this.replicas.packsAfter(deviceId, after, BATCH);
      await this.counts.recount(packIds);
      const next = packIds.length < BATCH ? null : packIds.at(-1)!;
      await done(next);
      return next;
    });
  }
}
