import { randomUUID } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import type { AuditEventKind } from '#libs/contracts';
import type { AuditResult } from '#libs/durability';
import { holderCleared, holderVerdict, isFailure } from '#libs/durability';
import type { DeviceId, PackId } from '#libs/kernel';
import { EventsService } from '../events/events.service.ts';
import type { FailureWeight } from './audit-holder.entity.ts';
import { AuditHoldersRepository } from './audit-holders.repository.ts';
import { AuditMetrics } from './audit-metrics.ts';
import { AuditTimes } from './audit-times.ts';

interface Happened {
  readonly kind: AuditEventKind;
  readonly cause: string;
  readonly packId?: PackId;
  readonly ownerDeviceId?: DeviceId;
  readonly weight?: FailureWeight;
}

const DAY_MS = 86_400_000;

/** A holder's record: counts, what happened and why, and whether it is believed as a whole. Every method is part of the caller's transaction. */
@Injectable()
export class AuditRecordsService {
  constructor(
    private readonly holders: AuditHoldersRepository,
    private readonly events: EventsService,
    private readonly metrics: AuditMetrics,
    private readonly times: AuditTimes,
  ) {}

  /**
   * Counts audits that ended. Passes may make a quarantined holder believed again; any failure starts its row anew. A copy that came too slowly fails, but
   * its holder's record has it as one that was not answered in time.
   */
  async count(deviceId: DeviceId, result: AuditResult, howMany: number): Promise<void> {
    const now = this.times.nowMs();
    const only = (counts: boolean): number => (counts ? howMany : 0);
    const passed = only(result === 'passed');
    const timedOut = only(result === 'timed_out' || result === 'slow');
    const failed = only(isFailure(result) && result !== 'slow');
    this.metrics.count(result, howMany);
    const holder = await this.holders.get(deviceId);
    const passedInARow = failed > 0 ? 0 : holder.passedInARow + passed;
    const { quarantinedAtMs } = holder;
    const cleared = quarantinedAtMs !== null && holderCleared({ quarantinedAtMs, passedInARow }, now, this.times.settings);
    await this.holders.update(deviceId, {
      ...{ passed: holder.passed + passed, failed: holder.failed + failed, timedOut: holder.timedOut + timedOut, passedInARow },
      ...(passed > 0 ? { lastPassedAtMs: now } : {}),
      ...(cleared ? { quarantinedAtMs: null, quarantineReason: '', failuresCountFromMs: now } : {}),
    });
    await this.holders.addToDay(deviceId, now - (now % DAY_MS), { passed, failed, timedOut });
    if (cleared)
      await this.note(deviceId, {
        kind: 'released',
        cause: `Passed ${passedInARow} audits in a row since it was put in quarantine: what it holds counts again.`,
      });
  }

  /** A holder reported a damaged pack by itself. */
  countRot(): void {
    this.metrics.count('rot', 1);
  }

  async note(deviceId: DeviceId, { kind, cause, packId, ownerDeviceId, weight }: Happened): Promise<void> {
    await this.holders.addEvent({
      ...{ eventId: randomUUID(), deviceId, atMs: this.times.nowMs(), kind, cause },
      ...{ packId: packId ?? null, ownerDeviceId: ownerDeviceId ?? null, weight: weight ?? 'none' },
    });
    this.events.publishPanel({ event: 'devices', deviceId });
  }

  /** `eager`: it is to show itself worthy of trust, as a newcomer or after failures, so it is asked more often. */
  async trustIn(deviceId: DeviceId): Promise<{ readonly quarantined: boolean; readonly eager: boolean }> {
    const { quarantinedAtMs, passed } = await this.holders.get(deviceId);
    const quarantined = quarantinedAtMs !== null;
    return { quarantined, eager: quarantined || passed < this.times.settings.newcomerPasses };
  }

  /** The holder is to read all that it holds. */
  async wantScan(deviceId: DeviceId): Promise<void> {
    const holder = await this.holders.get(deviceId);
    await this.holders.update(deviceId, { scanWantedSinceMs: holder.scanWantedSinceMs ?? this.times.nowMs() });
    this.events.publishAgent(deviceId, { event: 'audits' });
    this.events.publishPanel({ event: 'devices', deviceId });
  }

  /** The holder has read all that it holds. `asked`: the wish that the scan was begun for, or null; one that came later stays open. */
  async scanned(
    deviceId: DeviceId,
    scan: { readonly asked: number | null; readonly packs: number; readonly damaged: number },
  ): Promise<number | null> {
    const { scanWantedSinceMs, lastScanEndedAtMs } = await this.holders.get(deviceId);
    const answered = scanWantedSinceMs !== null && scan.asked !== null && scan.asked >= scanWantedSinceMs;
    await this.holders.update(deviceId, {
      scanWantedSinceMs: answered ? null : scanWantedSinceMs,
      ...{ lastScanEndedAtMs: this.times.nowMs(), lastScanPacks: scan.packs, lastScanDamaged: scan.damaged },
    });
    this.events.publishPanel({ event: 'devices', deviceId });
    return lastScanEndedAtMs;
  }

  /** Decides the open failures of a replica; overruled ones no longer speak against the holder. */
  async settle(deviceId: DeviceId, packId: PackId, weight: 'proved' | 'overruled'): Promise<void> {
    const settled = await this.holders.settleFailures(deviceId, packId, weight);
    if (weight === 'proved' || settled === 0) return;
    const holder = await this.holders.get(deviceId);
    await this.holders.update(deviceId, { failed: Math.max(0, holder.failed - settled) });
  }

  /** Puts a holder in quarantine when its failures say so. */
  async judgeHolder(deviceId: DeviceId): Promise<void> {
    const now = this.times.nowMs();
    const holder = await this.holders.get(deviceId);
    if (holder.quarantinedAtMs !== null) return;
    const since = Math.max(holder.failuresCountFromMs, now - this.times.settings.holderWindowMs);
    const failures = await this.holders.failuresSince(deviceId, since);
    const verdict = holderVerdict(
      failures.map(({ atMs, ownerDeviceId, weight }) => ({ atMs, ownerDeviceId, proved: weight === 'proved' })),
      now,
      this.times.settings,
    );
    if (!verdict.quarantine) return;
    await this.holders.update(deviceId, { quarantinedAtMs: now, quarantineReason: verdict.reason, passedInARow: 0 });
    await this.note(deviceId, { kind: 'quarantined', cause: verdict.reason });
  }

  /** An admin believes the holder again. Returns whether it was in quarantine. */
  async release(deviceId: DeviceId, cause: string): Promise<boolean> {
    const holder = await this.holders.get(deviceId);
    if (holder.quarantinedAtMs === null) return false;
    await this.holders.update(deviceId, {
      quarantinedAtMs: null,
      quarantineReason: '',
      passedInARow: 0,
      failuresCountFromMs: this.times.nowMs(),
    });
    await this.note(deviceId, { kind: 'released', cause });
    return true;
  }
}
