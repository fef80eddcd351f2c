import { Injectable } from '@nestjs/common';
import type { OpenAudits } from '#libs/contracts';
import type { DeviceId } from '#libs/kernel';
import { ReplicasService } from '../replicas/replicas.service.ts';
import { AuditAsksRepository } from './audit-asks.repository.ts';
import { AuditHoldersRepository } from './audit-holders.repository.ts';
import { AuditTimes } from './audit-times.ts';

/** What a holder is asked now. */
@Injectable()
export class AuditQuestionsService {
  constructor(
    private readonly asks: AuditAsksRepository,
    private readonly holders: AuditHoldersRepository,
    private readonly replicas: ReplicasService,
    private readonly times: AuditTimes,
  ) {}

  async open(deviceId: DeviceId): Promise<OpenAudits> {
    const asks = (await this.asks.open(deviceId, this.times.nowMs())).filter((ask) => ask.answer === null);
    const packIds = asks.map((ask) => ask.packId);
    const sizes = new Map((await this.replicas.ofDevice(deviceId, packIds)).map((row) => [row.packId, row.sizeBytes]));
    const audits = asks.flatMap(({ auditId, packId, nonce }) => {
      const sizeBytes = sizes.get(packId);
      return sizeBytes === undefined ? [] : [{ auditId, packId, nonce, sizeBytes }];
    });
    return { audits: audits.slice(0, 1000), scanSinceMs: (await this.holders.get(deviceId)).scanWantedSinceMs };
  }
}
