import { Inject, Injectable } from '@nestjs/common';
import type { AuditSettings } from '#libs/durability';
import { firstAuditAtMs, nextAuditAtMs, nextLookAtMs, retryAuditAtMs } from '#libs/durability';
import type { Clock, RandomSource } from '#libs/kernel';
import type { CoordinatorConfig } from '../config/config.schema.ts';
import { CONFIG } from '../config/config.module.ts';
import { auditSettings } from '../config/audit-settings.ts';
import { CLOCK, RANDOM } from '../ports/ports.module.ts';

/** The rules of `libs/durability` with this coordinator's settings, clock and randomness. */
@Injectable()
export class AuditTimes {
  readonly settings: AuditSettings;

  constructor(
    @Inject(CONFIG) config: CoordinatorConfig,
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(RANDOM) readonly random: RandomSource,
  ) {
    this.settings = auditSettings(config);
  }

  nowMs(): number {
    return this.clock.nowMs();
  }

  firstAudit(): number {
    return firstAuditAtMs(this.nowMs(), this.settings, this.random);
  }

  nextAudit(): number {
    return nextAuditAtMs(this.nowMs(), this.settings, this.random);
  }

  retry(tries: number): number {
    return retryAuditAtMs(this.nowMs(), tries, this.settings, this.random);
  }

  nextLook(behind: boolean): number {
    return nextLookAtMs(this.nowMs(), behind, this.settings, this.random);
  }
}
