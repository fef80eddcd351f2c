import { type RandomSource, randomInt } from '#libs/kernel';
import type { AuditSettings } from './audit-settings.ts';

/** Uniform in (0, 1]. */
const unit = (random: RandomSource): number => (randomInt(random, 2 ** 32) + 1) / 2 ** 32;

/**
 * When a replica is to prove itself again: memoryless, so that having been audited says nothing about when the next comes, and
 * never later than the period allows.
 */
export function nextAuditAtMs(nowMs: number, settings: AuditSettings, random: RandomSource): number {
  const drawnMs = -Math.log(unit(random)) * settings.meanShare * settings.periodMs;
  return nowMs + Math.ceil(Math.min(drawnMs, settings.latestShare * settings.periodMs));
}

/** The first audit of a new replica. */
export function firstAuditAtMs(nowMs: number, settings: AuditSettings, random: RandomSource): number {
  return nowMs + Math.ceil(unit(random) * settings.firstShare * settings.periodMs);
}

/** After an audit that found nobody: the pause doubles with each, and two holders never come in step. */
export function retryAuditAtMs(nowMs: number, tries: number, settings: AuditSettings, random: RandomSource): number {
  const pauseMs = Math.min(settings.retryMs * 2 ** Math.max(0, tries - 1), settings.periodMs / 15);
  return nowMs + Math.ceil(pauseMs * (0.5 + unit(random)));
}

/** When the coordinator next looks what is due at a holder. Sooner while it has more than one batch takes. */
export function nextLookAtMs(nowMs: number, behind: boolean, settings: AuditSettings, random: RandomSource): number {
  return nowMs + Math.ceil(settings.lookMs * (behind ? 0.25 : 1) * (0.5 + unit(random)));
}

/** Time that a holder has for a batch of so many bytes. */
export function answerTimeMs(bytes: number, settings: AuditSettings): number {
  return settings.answerMs + Math.ceil((bytes / settings.readBytesPerSecond) * 1000);
}

/** How many of the packs that are due, in their order, make one batch: bounded in number and bytes, and at least one. */
export function auditBatchSize(sizesBytes: readonly number[], holder: 'workstation' | 'anchor', settings: AuditSettings): number {
  let bytes = 0;
  for (let n = 0; n < sizesBytes.length; n += 1) {
    bytes += sizesBytes[n]!;
    if (n === settings.batchPacks || (n > 0 && bytes > settings.batchBytes[holder])) return n;
  }
  return sizesBytes.length;
}
