import type { AuditSettings } from '#libs/durability';
import { defaultAuditSettings } from '#libs/durability';
import type { CoordinatorConfig } from './config.schema.ts';

/** The rules' audit settings as configured; what can't be configured keeps the rules' own defaults. */
export function auditSettings({ durability: { audits } }: CoordinatorConfig): AuditSettings {
  return {
    ...defaultAuditSettings,
    periodMs: audits.periodSeconds * 1000,
    lookMs: audits.lookSeconds * 1000,
    answerMs: audits.answerSeconds * 1000,
    retryMs: audits.retrySeconds * 1000,
  };
}
