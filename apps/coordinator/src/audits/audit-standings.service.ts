import { Injectable } from '@nestjs/common';
import { auditScore } from '#libs/durability';
import type { DeviceId } from '#libs/kernel';
import { AuditHoldersRepository } from './audit-holders.repository.ts';

/** What placement and device states need to know of a holder's audits. */
export interface HolderRecord {
  /** Audits passed ever: a new device is vetted by them. */
  readonly passed: number;
  /** In (0, 1]. */
  readonly score: number;
  /** It is not believed: what it holds counts as nothing, and it gets no new packs. */
  readonly quarantined: boolean;
}

const noRecord: HolderRecord = { passed: 0, score: 1, quarantined: false };

/** The records of holders for other features; they are written by this feature alone. */
@Injectable()
export class AuditStandingsService {
  constructor(private readonly holders: AuditHoldersRepository) {}

  /** Records of the whole team, with one read. */
  async all(): Promise<(deviceId: DeviceId) => HolderRecord> {
    const records = new Map(
      (await this.holders.all()).map((h): [DeviceId, HolderRecord] => [
        h.deviceId,
        { passed: h.passed, score: auditScore(h), quarantined: h.quarantinedAtMs !== null },
      ]),
    );
    return (deviceId) => records.get(deviceId) ?? noRecord;
  }
}
