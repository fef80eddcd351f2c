import type { OnModuleInit } from '@nestjs/common';
import { Inject, Injectable } from '@nestjs/common';
import type { Overview } from '#libs/contracts';
import type { Clock } from '#libs/kernel';
import { CLOCK } from '../ports/ports.module.ts';
import { SchedulesService } from '../schedules/schedules.service.ts';
import { ProtectionDaysRepository } from './protection-days.repository.ts';
import { TeamHealthService } from './team-health.service.ts';

const DAY_MS = 86_400_000;
const SHOWN_DAYS = 30;
export const PROTECTION_SAMPLE = 'protection-sample';

/** Thirty days of "how many were protected", from hourly samples. */
@Injectable()
export class ProtectionDaysService implements OnModuleInit {
  constructor(
    private readonly days: ProtectionDaysRepository,
    private readonly health: TeamHealthService,
    private readonly schedules: SchedulesService,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  onModuleInit(): void {
    this.schedules.register({ name: PROTECTION_SAMPLE, cron: '17 * * * *', run: () => this.#sample() });
  }

  /** Oldest first; the last one is today as it stands. */
  async history(today: { readonly protected: number; readonly atRisk: number }): Promise<Overview['history']> {
    const dayMs = this.#today();
    const before = await this.days.since(dayMs - (SHOWN_DAYS - 1) * DAY_MS);
    return [
      ...before.filter((day) => day.dayMs < dayMs).map((day) => ({ dayMs: day.dayMs, protected: day.protected, atRisk: day.atRisk })),
      { dayMs, ...today },
    ];
  }

  async #sample(): Promise<void> {
    const { verdict } = await this.health.verdict();
    await this.days.sample({ dayMs: this.#today(), protected: verdict.protectedDevices, atRisk: verdict.notProtectedDevices });
  }

  #today(): number {
    return Math.floor(this.clock.nowMs() / DAY_MS) * DAY_MS;
  }
}
