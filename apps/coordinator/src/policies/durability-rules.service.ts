import type { OnModuleInit } from '@nestjs/common';
import { Inject, Injectable } from '@nestjs/common';
import type { Calendars, DurabilitySettings } from '#libs/durability';
import { withRules, workCalendars } from '#libs/durability';
import type { CoordinatorConfig } from '../config/config.schema.ts';
import { CONFIG } from '../config/config.module.ts';
import { durabilitySettings } from '../config/durability-settings.ts';
import { PoliciesService } from './policies.service.ts';

/**
 * The numbers and the calendar of the durability rules: as configured, with what the team's policy says otherwise over them. In memory,
 * since every state of every device asks; renewed before a recount after a change of policy, and by each sweep.
 */
@Injectable()
export class DurabilityRulesService implements OnModuleInit {
  #settings: DurabilitySettings;
  #calendars: Calendars;
  #version = 0;

  constructor(
    private readonly policies: PoliciesService,
    @Inject(CONFIG) private readonly config: CoordinatorConfig,
  ) {
    this.#settings = durabilitySettings(config);
    this.#calendars = workCalendars(this.#settings.workWeek);
  }

  async onModuleInit(): Promise<void> {
    await this.refresh();
  }

  get settings(): DurabilitySettings {
    return this.#settings;
  }

  get calendars(): Calendars {
    return this.#calendars;
  }

  async refresh(): Promise<void> {
    const { version, team } = await this.policies.team();
    if (version === this.#version) return;
    const configured = durabilitySettings(this.config);
    const zone = this.config.durability.workWeek?.timeZone ?? team.schedule.timeZone;
    const settings = withRules(
      { ...configured, workWeek: configured.workWeek && { ...configured.workWeek, timeZone: zone } },
      team.durability,
    );
    this.#calendars = workCalendars(settings.workWeek);
    this.#settings = settings;
    this.#version = version;
  }
}
