import type { DurabilitySettings } from '#libs/durability';
import { defaultDurabilitySettings } from '#libs/durability';
import type { CoordinatorConfig } from './config.schema.ts';

type Silence = CoordinatorConfig['durability']['silence']['anchor'];

const inMs = (silence: Silence): DurabilitySettings['silence']['anchor'] => ({
  asleepAfterMs: silence.asleepAfterSeconds * 1000,
  overdueAfterMs: silence.overdueAfterSeconds * 1000,
  suspectAfterMs: silence.suspectAfterSeconds * 1000,
  missingAfterMs: silence.missingAfterSeconds * 1000,
  lostAfterMs: silence.lostAfterSeconds * 1000,
});

/** The rules' settings as configured; what can't be configured keeps the rules' own defaults. */
export function durabilitySettings({ durability }: CoordinatorConfig): DurabilitySettings {
  const { breaker, silence, vetting, workWeek } = durability;
  return {
    ...defaultDurabilitySettings,
    silence: { workstation: inMs(silence.workstation), anchor: inMs(silence.anchor) },
    workWeek: workWeek && { ...workWeek, timeZone: workWeek.timeZone ?? 'UTC' },
    vetting: { minAgeMs: vetting.minAgeSeconds * 1000, auditsPassed: vetting.auditsPassed },
    breaker: {
      windowMs: breaker.windowSeconds * 1000,
      share: breaker.share,
      atLeast: breaker.atLeast,
      graceMs: breaker.graceSeconds * 1000,
    },
  };
}
