import { randomUUID } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { answerTimeMs, auditBatchSize } from '#libs/durability';
import type { DeviceId, PackId } from '#libs/kernel';
import { randomInt, toBase64Url } from '#libs/kernel';
import { PresenceService } from '../presence/presence.service.ts';
import type { ReplicaRow } from '../replicas/replicas.repository.ts';
import { ReplicasService } from '../replicas/replicas.service.ts';
import { AuditAsksRepository } from './audit-asks.repository.ts';
import { AuditChallengesService } from './audit-challenges.service.ts';
import type { AuditAskEntity } from './audit-queue.entity.ts';
import { AuditQueueRepository } from './audit-queue.repository.ts';
import { AuditTimes } from './audit-times.ts';

/** Others that are asked the same in a cross-check. */
const WITNESSES = 2;

export interface Asked {
  /** Everybody who has a new question. */
  readonly devices: ReadonlySet<DeviceId>;
  /** More was due than one batch takes. */
  readonly behind: boolean;
}

/**
 * Asks a holder about what is due: by the owner's challenge, else by asking other holders the same at the same time, else (one copy
 * and no challenge) by having its blocks read. To be called in a transaction.
 */
@Injectable()
export class AuditAsksService {
  constructor(
    private readonly queue: AuditQueueRepository,
    private readonly asks: AuditAsksRepository,
    private readonly challenges: AuditChallengesService,
    private readonly replicas: ReplicasService,
    private readonly presence: PresenceService,
    private readonly times: AuditTimes,
  ) {}

  async ask(deviceId: DeviceId, holder: 'workstation' | 'anchor'): Promise<Asked> {
    const now = this.times.nowMs();
    if (await this.asks.hasOpen(deviceId)) return { devices: new Set(), behind: true };
    const { batchPacks } = this.times.settings;
    const due = await this.queue.due(deviceId, now, 2 * batchPacks);
    const rows = await this.#present(
      deviceId,
      due.map((row) => row.packId),
    );
    const size = auditBatchSize(
      rows.map((row) => row.sizeBytes),
      holder,
      this.times.settings,
    );
    const batch = rows.slice(0, size);
    if (batch.length === 0) return { devices: new Set(), behind: due.length > 0 };
    const bytes = batch.reduce((sum, row) => sum + row.sizeBytes, 0);
    const deadlineMs = now + answerTimeMs(bytes, this.times.settings);
    const asks = await this.#questions(batch, { askedAtMs: now, deadlineMs });
    await this.asks.insert(asks);
    // Comes up again by itself should the question get lost.
    for (const { packId } of batch) await this.queue.update({ packId, deviceId }, { dueAtMs: deadlineMs + this.times.settings.retryMs });
    return { devices: new Set(asks.map((ask) => ask.deviceId)), behind: due.length > size };
  }

  /** Those of the packs that the holder is believed to have, in the order given. What it no longer has is forgotten. */
  async #present(deviceId: DeviceId, packIds: readonly PackId[]): Promise<ReplicaRow[]> {
    const rows = new Map((await this.replicas.ofDevice(deviceId, packIds)).map((row) => [row.packId, row]));
    await this.queue.delete(
      deviceId,
      packIds.filter((packId) => !rows.has(packId)),
    );
    const present: ReplicaRow[] = [];
    for (const packId of packIds) {
      const row = rows.get(packId);
      if (row?.status === 'held' || row?.status === 'quarantine') present.push(row);
      // Not there yet, or its inventory is awaited.
      else if (row) await this.queue.update({ packId, deviceId }, { dueAtMs: this.times.retry(1) });
    }
    return present;
  }

  async #questions(
    batch: readonly ReplicaRow[],
    times: { readonly askedAtMs: number; readonly deadlineMs: number },
  ): Promise<AuditAskEntity[]> {
    const challenges = await this.challenges.take(batch.map((row) => row.packId));
    const asks: AuditAskEntity[] = [];
    const without = batch.filter((row) => !challenges.has(row.packId));
    for (const { packId, deviceId } of batch) {
      const challenge = challenges.get(packId);
      if (challenge) asks.push({ auditId: randomUUID(), deviceId, packId, ...challenge, crossId: null, answer: null, ...times });
    }
    const asked = await this.asks.packsAsked(without.map((row) => row.packId));
    const holders = Map.groupBy(await this.replicas.ofPacks(without.map((row) => row.packId)), (row) => row.packId);
    for (const { packId, deviceId } of without) {
      const others = (holders.get(packId) ?? []).filter(
        (row) => row.deviceId !== deviceId && row.status === 'held' && this.presence.isOnline(row.deviceId),
      );
      const nonce = toBase64Url(this.times.random.bytes(32));
      if (others.length === 0) {
        const lone = { packId, deviceId, kind: 'lone', nonce, expected: null, notBeforeMs: times.askedAtMs, tries: 0 } as const;
        await this.asks.addJudgements([lone]);
      } else if (!asked.has(packId)) {
        const crossId = randomUUID();
        const among = [deviceId, ...this.#some(others.map((row) => row.deviceId))];
        for (const one of among)
          asks.push({ auditId: randomUUID(), deviceId: one, packId, nonce, expected: null, crossId, answer: null, ...times });
      }
    }
    return asks;
  }

  #some(devices: DeviceId[]): DeviceId[] {
    const picked: DeviceId[] = [];
    while (picked.length < WITNESSES && devices.length > 0) picked.push(...devices.splice(randomInt(this.times.random, devices.length), 1));
    return picked;
  }
}
