import { z } from 'zod';
import { durabilityRules, timeZone } from './durability-rules.ts';

/** When a backup starts: a cron expression (5 or 6 fields) in a time zone, with random delay. */
export const schedule = z.strictObject({
  cron: z.string().min(9).max(100),
  timeZone,
  /** Upper bound of the random delay before a scheduled start, seconds. */
  jitterSeconds: z.int().min(0).max(7200),
  /** A missed run is caught up this many seconds after wake or reconnection. */
  catchUpSeconds: z.int().min(0).max(86_400),
  /** The promise: a protected snapshot is never older than this many hours of work. */
  rpoHours: z
    .number()
    .positive()
    .max(24 * 366),
  /** Backups in which something could not be read keep the promise too. Absent: they don't. The coordinator's to judge: agents are not given it. */
  incompleteCounts: z.boolean().optional(),
});

export const retention = z.strictObject({
  last: z.int().min(0).max(10_000),
  hourly: z.int().min(0).max(10_000),
  daily: z.int().min(0).max(10_000),
  weekly: z.int().min(0).max(10_000),
  monthly: z.int().min(0).max(10_000),
  yearly: z.int().min(0).max(10_000),
  /** Everything this many days before the newest snapshot; absent or 0: this rule keeps nothing. */
  withinDays: z.int().min(0).max(36_600).optional(),
  /** Snapshots with one of these tags stay. */
  tags: z.array(z.string().min(1).max(100)).max(100).optional(),
});

/** Which files of the folders are taken, beside the excludes. A machine can say otherwise for itself, in its `backup.yaml`. */
export const selectionPolicy = z.strictObject({
  /** Files larger than this are left out; null: none. */
  maxFileBytes: z.int().min(1).nullable(),
  /** Do not enter other file systems that are mounted below a folder. */
  oneFileSystem: z.boolean(),
  /** Leave out the content of folders with a CACHEDIR.TAG. */
  excludeCaches: z.boolean(),
  /** Leave out what the operating system makes again by itself: caches, trash. */
  defaultExcludes: z.boolean(),
});
export type SelectionPolicy = z.infer<typeof selectionPolicy>;

/** In force where a policy does not say. */
export const defaultSelection: SelectionPolicy = { maxFileBytes: null, oneFileSystem: false, excludeCaches: true, defaultExcludes: true };
const rates = { uploadBytesPerSecond: z.int().min(0).nullable(), downloadBytesPerSecond: z.int().min(0).nullable() };

/** Limits of one kind of connection; null: none. */
export const linkLimits = z.strictObject(rates).meta({ id: 'LinkLimits' });
export type LinkLimits = z.infer<typeof linkLimits>;

const ratesOfLinks = {
  ...rates,
  /** Peers with a private, link-local or loopback address have this instead of the general limit. Absent: they share that. */
  lan: linkLimits.optional(),
  /** What runs through the coordinator's relay has this besides the general limit. Absent: only that. */
  relay: linkLimits.optional(),
};
const clockTime = z.string().regex(/^([01]\d|2[0-3]):[0-5]\d$/, 'must be a time of day such as 08:00');

/** Other limits at certain hours, in the schedule's time zone. The first entry that fits counts; `to` before `from` goes past midnight. Links that it does not name keep their limits. */
export const limitHours = z.strictObject({
  /** Days on which it begins: 0 Sunday to 6 Saturday. */
  days: z.array(z.int().min(0).max(6)).min(1, 'must name a day at least').max(7),
  from: clockTime,
  to: clockTime,
  ...ratesOfLinks,
});
export type LimitHours = z.infer<typeof limitHours>;

export const policy = z
  .strictObject({
    schedule,
    folders: z.array(z.string().min(1).max(4096)).max(1000),
    /** gitignore syntax, relative to each folder. */
    excludes: z.array(z.string().min(1).max(4096)).max(10_000),
    /** Absent in policies from before there was this part: {@link defaultSelection}. */
    selection: selectionPolicy.optional(),
    retention,
    replicas: z
      .strictObject({ target: z.int().min(1).max(10), minimum: z.int().min(1).max(10) })
      .refine((r) => r.minimum <= r.target, 'minimum must not exceed target'),
    pledge: z.strictObject({
      maxBytes: z.int().min(0).nullable(),
      reserveBytes: z.int().min(0),
      reservePercent: z.number().min(0).max(90),
    }),
    limits: z.strictObject({ ...ratesOfLinks, hours: z.array(limitHours).max(50).optional() }),
    /** Of the whole team; a device can't override it. */
    durability: durabilityRules.optional(),
  })
  .meta({ id: 'Policy' });
export type Policy = z.infer<typeof policy>;

/** Overrides for one device: any top-level part replaces the team's. */
export const policyOverride = policy.omit({ durability: true }).partial().meta({ id: 'PolicyOverride' });
export type PolicyOverride = z.infer<typeof policyOverride>;

export const policyDocument = z.strictObject({ version: z.int(), team: policy }).meta({ id: 'PolicyDocument' });
export const devicePolicy = z.strictObject({ version: z.int(), effective: policy, override: policyOverride }).meta({ id: 'DevicePolicy' });
export type DevicePolicy = z.infer<typeof devicePolicy>;

/**
 * How an agent asks for its policy: by naming what it understands beyond what every agent does, comma-separated. It is
 * not given what it does not name, since it would refuse the whole policy for it. Names that nobody knows are passed over.
 */
export const policyQuery = z.object({ knows: z.string().max(1000).optional() });

/** Limits by link: `lan` and `relay`. */
export const knowsLinkLimits = 'link-limits';

/** What a new team starts with. */
export const defaultPolicy: Policy = {
  schedule: { cron: '0 18 * * *', timeZone: 'UTC', jitterSeconds: 1800, catchUpSeconds: 900, rpoHours: 24 },
  folders: [],
  excludes: [],
  retention: { last: 10, hourly: 24, daily: 14, weekly: 8, monthly: 12, yearly: 3 },
  replicas: { target: 3, minimum: 2 },
  pledge: { maxBytes: null, reserveBytes: 20_000_000_000, reservePercent: 15 },
  limits: { uploadBytesPerSecond: null, downloadBytesPerSecond: null },
};
