import { z } from 'zod';

const ms = z
  .int()
  .min(0)
  .max(10 * 366 * 86_400_000);
const share = z.number().min(0).max(1);
const count = z.int().min(0).max(1_000_000);

/** An IANA time zone that this machine knows. */
export const timeZone = z
  .string()
  .max(60)
  .refine((zone) => {
    try {
      new Intl.DateTimeFormat('en', { timeZone: zone });
      return true;
    } catch {
      return false;
    }
  }, 'must be an IANA time zone such as Europe/Berlin');

/** The hours in which a team works; days from 1 (Monday) to 7. */
export const workWeek = z
  .strictObject({
    timeZone,
    workingDays: z.array(z.int().min(1).max(7)).min(1).max(7),
    fromHour: z.number().min(0).max(24),
    toHour: z.number().min(0).max(24),
    /** Days on which nobody is expected, `2026-12-25`: no silence of any kind counts. */
    holidays: z.array(z.iso.date()).max(1000),
  })
  .refine((week) => week.fromHour < week.toHour, 'fromHour must be before toHour')
  .meta({ id: 'WorkWeek' });

const silence = z
  .strictObject({ asleepAfterMs: ms, overdueAfterMs: ms, suspectAfterMs: ms, missingAfterMs: ms, lostAfterMs: ms })
  .partial()
  .optional();

/**
 * What a team wants otherwise than the rules' defaults (`libs/durability/src/settings.ts` has every number with its reason). Anything
 * left out keeps its default.
 */
export const durabilityRules = z
  .strictObject({
    silence: z.strictObject({ workstation: silence, anchor: silence }).partial(),
    workWeek: workWeek.nullable(),
    presence: z
      .strictObject({ newestWeek: share, unknownHour: share, gapsNeeded: count, ownGapFactor: z.number().min(0).max(100) })
      .partial(),
    vetting: z.strictObject({ minAgeMs: ms, auditsPassed: count }).partial(),
    reconcile: z.strictObject({ auditShare: share, auditAtLeast: count, trimAfterMs: ms, reportedShare: share }).partial(),
    weights: z.strictObject({ sound: share, doubtful: share, gone: share }).partial(),
    placement: z
      .strictObject({
        indexCopies: z.int().min(1).max(50),
        sameSiteFactor: share,
        otherSiteFactor: share,
        leastPresence: share,
        leastAuditScore: share,
        draws: z.int().min(2).max(1000),
      })
      .partial(),
    allowance: z
      .strictObject({ perOfferedByte: z.number().min(0).max(1000), floorBytes: z.int().min(0), bindsBelowFreeShare: share })
      .partial(),
    breaker: z.strictObject({ windowMs: ms, share, atLeast: z.int().min(1).max(100_000), graceMs: ms }).partial(),
    repair: z.strictObject({ maxAssignments: z.int().min(1).max(100_000), maxSources: z.int().min(1).max(16), linkShare: share }).partial(),
    shed: z
      .strictObject({
        ...{ afterMs: ms, calmMs: ms, patienceMs: ms, margin: z.number().min(0).max(10) },
        ...{ openPacks: z.int().min(1).max(10_000), copyBytesPerDay: z.int().min(0) },
      })
      .partial(),
  })
  .partial()
  .meta({ id: 'DurabilityRules' });
export type DurabilityRules = z.infer<typeof durabilityRules>;
