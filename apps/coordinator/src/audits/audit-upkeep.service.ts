import { Injectable, Logger } from '@nestjs/common';
import type { DeviceId } from '#libs/kernel';
import { Database } from '../database/database.ts';
import { ReplicasService } from '../replicas/replicas.service.ts';
import { AuditHoldersRepository } from './audit-holders.repository.ts';
import type { ReplicaKey } from './audit-queue.repository.ts';
import { AuditQueueRepository } from './audit-queue.repository.ts';
import { AuditResultsService } from './audit-results.service.ts';
import { AuditTimes } from './audit-times.ts';

/** Replicas changed or looked at in one transaction: others write in between. */
const BATCH = 500;
/** Replicas looked at in one sweep for being queued: all of a million in three and a half days, at no cost worth naming. */
const LOOKED_AT = 200;
/** Between two looks whether every held replica is queued; a start looks at once. */
const COMPLETE_EVERY_MS = 24 * 3_600_000;
const KEEP_HISTORY_MS = 400 * 86_400_000;

/** Makes replicas follow what is decided of their holders, and keeps the queue complete. Everything goes on after a crash where it was. */
@Injectable()
export class AuditUpkeepService {
  readonly #log = new Logger('audits');
  #lookedTo: ReplicaKey | null = null;
  #completeAtMs = Number.NEGATIVE_INFINITY;
  #startLooked = false;

  constructor(
    private readonly queue: AuditQueueRepository,
    private readonly holders: AuditHoldersRepository,
    private readonly results: AuditResultsService,
    private readonly replicas: ReplicasService,
    private readonly times: AuditTimes,
    private readonly database: Database,
  ) {}

  async run(signal: AbortSignal): Promise<void> {
    await this.#applyQuarantines(signal);
    await this.#completeQueue(signal);
  }

  /** All that a quarantined holder has is quarantined; what only its holder's quarantine kept down counts again after it. */
  async #applyQuarantines(signal: AbortSignal): Promise<void> {
    const quarantined = new Set((await this.holders.quarantined()).map((holder) => holder.deviceId));
    for (const deviceId of quarantined) {
      await this.#inBatches(
        signal,
        () => this.replicas.heldBy(deviceId, BATCH),
        (packIds) => this.replicas.quarantine(deviceId, packIds),
      );
    }
    const rest: DeviceId[] = [...(await this.replicas.quarantinedCounts()).keys()].filter((deviceId) => !quarantined.has(deviceId));
    for (const deviceId of rest) {
      const next = () => this.queue.quarantinedWithoutFailure(deviceId, BATCH);
      await this.#inBatches(signal, next, (packIds) => this.replicas.reinstate(deviceId, packIds));
    }
  }

  async #inBatches<T>(signal: AbortSignal, next: () => Promise<T[]>, change: (items: T[]) => Promise<void>): Promise<void> {
    for (;;) {
      signal.throwIfAborted();
      const done = await this.database.write(async () => {
        const items = await next();
        if (items.length > 0) await change(items);
        return items.length;
      });
      if (done < BATCH) return;
    }
  }

  /** Receipts queue their replica; this finds what came another way: an older database, one that was rebuilt from inventories. */
  async #completeQueue(signal: AbortSignal): Promise<void> {
    const now = this.times.nowMs();
    if (now - this.#completeAtMs < COMPLETE_EVERY_MS) return;
    const limit = this.#startLooked ? LOOKED_AT : 10 * BATCH;
    for (let at = 0; at < (this.#startLooked ? 1 : 20); at += 1) {
      signal.throwIfAborted();
      const { missing, end } = await this.queue.unqueued(this.#lookedTo, limit);
      for (let n = 0; n < missing.length; n += BATCH) await this.database.write(() => this.results.queueNew(missing.slice(n, n + BATCH)));
      if (missing.length > 0) this.#log.log({ replicas: missing.length }, 'replicas that nobody had queued will be audited');
      this.#lookedTo = end;
      if (end !== null) continue;
      this.#completeAtMs = now;
      this.#startLooked = true;
      await this.holders.forgetBefore(now - KEEP_HISTORY_MS);
      return;
    }
  }
}
