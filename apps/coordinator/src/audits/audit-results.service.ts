import { Injectable } from '@nestjs/common';
import type { AuditResult } from '#libs/durability';
import { auditCause } from '#libs/durability';
import type { DeviceId, PackId } from '#libs/kernel';
import { DevicesService } from '../devices/devices.service.ts';
import { PacksService } from '../packs/packs.service.ts';
import { ReplicasService } from '../replicas/replicas.service.ts';
import type { FailureWeight } from './audit-holder.entity.ts';
import { AuditAsksRepository } from './audit-asks.repository.ts';
import type { ReplicaKey } from './audit-queue.repository.ts';
import { AuditQueueRepository } from './audit-queue.repository.ts';
import { AuditRecordsService } from './audit-records.service.ts';
import { AuditTimes } from './audit-times.ts';

/** After a result the counting of what came to none begins anew. */
const nothingOpen = { tries: 0, slowReads: 0 } as const;

type Failure = Exclude<AuditResult, 'passed' | 'timed_out' | 'slow'>;

/** What the result of an audit does to its replica and its holder. Every method is part of the caller's transaction. */
@Injectable()
export class AuditResultsService {
  constructor(
    private readonly queue: AuditQueueRepository,
    private readonly asks: AuditAsksRepository,
    private readonly records: AuditRecordsService,
    private readonly replicas: ReplicasService,
    private readonly packs: PacksService,
    private readonly devices: DevicesService,
    private readonly times: AuditTimes,
  ) {}

  /** A holder has just signed for it, or an old database has it without a date: its first audit comes soon. */
  async queueNew(replicas: readonly ReplicaKey[]): Promise<void> {
    await this.queue.save(
      replicas.map((key) => ({ ...key, ...nothingOpen, dueAtMs: this.times.firstAudit(), passedAtMs: null, failed: false })),
    );
  }

  /**
   * The whole packs are there. What was in quarantine for a failure of its own counts again, unless its holder is in quarantine.
   */
  async passed(replicas: readonly ReplicaKey[]): Promise<void> {
    for (const [deviceId, some] of Map.groupBy(replicas, (r) => r.deviceId)) {
      const { quarantined, eager } = await this.records.trustIn(deviceId);
      for (const key of some) {
        const before = await this.queue.find(key);
        await this.queue.update(key, {
          dueAtMs: eager ? this.times.firstAudit() : this.times.nextAudit(),
          passedAtMs: this.times.nowMs(),
          ...nothingOpen,
          failed: false,
        });
        if (!before?.failed) continue;
        if (!quarantined) await this.replicas.reinstate(deviceId, [key.packId]);
        await this.records.note(deviceId, {
          ...{ kind: 'cleared', packId: key.packId },
          cause: 'Proved that it has the pack whole after all: this copy counts again.',
        });
      }
      await this.records.count(deviceId, 'passed', some.length);
    }
  }

  /** Nobody answered in time: asked again later. */
  async timedOut({ packId, deviceId }: ReplicaKey, tries: number): Promise<void> {
    await this.queue.update({ packId, deviceId }, { tries, dueAtMs: this.times.retry(tries) });
    await this.records.count(deviceId, 'timed_out', 1);
  }

  /** Its holder was too slow to be read, for the `slowReads`th time: asked again later. */
  async readSlowly({ packId, deviceId }: ReplicaKey, slowReads: number): Promise<void> {
    await this.queue.update({ packId, deviceId }, { slowReads, dueAtMs: this.times.retry(slowReads) });
    await this.records.count(deviceId, 'timed_out', 1);
  }

  /**
   * The copy counts as nothing from now on and is made again elsewhere; the holder reads everything that it has, and is put in
   * quarantine itself when it failed too often. `proved`: see `HolderFailure`.
   */
  async failed(key: ReplicaKey, result: Failure, proved: boolean): Promise<void> {
    const { packId, deviceId } = key;
    const [pack] = await this.packs.find([packId]);
    // Asked again before long: a passed audit is the way back.
    await this.queue.update(key, { ...nothingOpen, dueAtMs: this.times.retry(1), failed: true });
    if (result === 'missing') await this.replicas.drop(deviceId, [packId]);
    else await this.replicas.quarantine(deviceId, [packId]);
    await this.#noteFailure(key, result, pack?.ownerDeviceId, proved ? 'proved' : 'open');
    await this.records.wantScan(deviceId);
    await this.records.judgeHolder(deviceId);
    this.packs.wake();
  }

  /**
   * Nobody can say whether the copy is whole, since its holder never gives it quickly enough to be read: it counts as nothing and is made again elsewhere.
   * A line may be slow for good or for an hour, so that nothing is held against the holder as a whole.
   */
  async tooSlow(key: ReplicaKey): Promise<void> {
    const { packId, deviceId } = key;
    const [pack] = await this.packs.find([packId]);
    await this.queue.update(key, { ...nothingOpen, dueAtMs: this.times.retry(1), failed: true });
    await this.replicas.quarantine(deviceId, [packId]);
    await this.#noteFailure(key, 'slow', pack?.ownerDeviceId, 'none');
    this.packs.wake();
  }

  async #noteFailure(
    { packId, deviceId }: ReplicaKey,
    result: Failure | 'slow',
    ownerDeviceId: DeviceId | undefined,
    weight: FailureWeight,
  ): Promise<void> {
    const owner = ownerDeviceId ? (await this.devices.find(ownerDeviceId))?.name : undefined;
    await this.records.note(deviceId, {
      ...{ kind: 'failed', packId, cause: auditCause(result, owner ?? 'a colleague'), weight },
      ...(ownerDeviceId ? { ownerDeviceId } : {}),
    });
    await this.records.count(deviceId, result, 1);
  }

  /** The blocks show that the copy is damaged: what was open against the holder is proved. */
  async proved({ packId, deviceId }: ReplicaKey): Promise<void> {
    await this.records.settle(deviceId, packId, 'proved');
    await this.records.judgeHolder(deviceId);
  }

  /** The blocks show that the copy is whole: nothing is left against the holder. `ownerIsWrong`: the owner's answer was not the right one. */
  async overruled(key: ReplicaKey, ownerIsWrong: boolean): Promise<void> {
    await this.records.settle(key.deviceId, key.packId, 'overruled');
    const [pack] = ownerIsWrong ? await this.packs.find([key.packId]) : [];
    if (!pack) return;
    await this.records.note(pack.ownerDeviceId, {
      ...{ kind: 'challenges-wrong', packId: key.packId, ownerDeviceId: pack.ownerDeviceId },
      cause: 'Made challenges for one of its packs that whole copies can not answer; they were thrown away and no holder is blamed.',
    });
  }

  /** The holder has damaged copies that are not on record, or are known to be so. Part of the caller's transaction. */
  async noteDamaged(deviceId: DeviceId, packIds: readonly PackId[]): Promise<void> {
    for (const pack of await this.packs.find(packIds)) await this.replicas.markDamaged(deviceId, pack, this.times.nowMs());
  }

  /** The holder found its own copy damaged: it is placed anew, there too, since its disk may be sound but for this. */
  async rotten({ packId, deviceId }: ReplicaKey): Promise<void> {
    const [pack] = await this.packs.find([packId]);
    if (!pack) return;
    await this.replicas.markDamaged(deviceId, pack, this.times.nowMs());
    await this.queue.delete(deviceId, [packId]);
    await this.asks.deleteOf({ packId, deviceId });
    await this.records.settle(deviceId, packId, 'proved');
    const owner = (await this.devices.find(pack.ownerDeviceId))?.name ?? 'a colleague';
    await this.records.note(deviceId, { kind: 'rot', packId, ownerDeviceId: pack.ownerDeviceId, cause: auditCause('rot', owner) });
    await this.records.judgeHolder(deviceId);
    this.records.countRot();
    this.packs.wake();
  }
}
