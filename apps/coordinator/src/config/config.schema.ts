import { z } from 'zod';
import { timeZone } from '#libs/contracts';
import { isValidCron } from './cron.ts';

const seconds = z
  .number()
  .positive()
  .max(10 * 366 * 86_400);
const cron = z.string().max(100).refine(isValidCron, 'must be a cron expression of 5 or 6 fields');
const silence = z.strictObject({
  asleepAfterSeconds: seconds,
  overdueAfterSeconds: seconds,
  suspectAfterSeconds: seconds,
  missingAfterSeconds: seconds,
  lostAfterSeconds: seconds,
});

/**
 * Everything that can be set, read once at start. `config/default.yaml` holds every key with its reason;
 * other files only name what differs. Unknown keys are errors that name the key.
 */
export const coordinatorConfig = z.strictObject({
  listen: z.strictObject({ host: z.string().min(1), port: z.int().min(0).max(65_535) }),
  /** What join links and printed addresses say, where it differs from `listen`. */
  public: z.strictObject({ host: z.string().min(1).nullable(), port: z.int().min(1).max(65_535).nullable() }),
  /** Absolute folder for keys, certificate and the embedded database; null: the XDG data folder. */
  dataDir: z.string().min(1).nullable(),
  database: z.strictObject({
    /** `postgres://…`; null: the embedded database in `dataDir`. A secret: give it by HOLDFAST_DATABASE_URL. */
    url: z
      .string()
      .regex(/^postgres(ql)?:\/\//, 'must start with postgres://')
      .nullable(),
    poolSize: z.int().min(1).max(200),
    busyTimeoutMs: z.int().min(0).max(60_000),
  }),
  tls: z.discriminatedUnion('mode', [
    z.strictObject({ mode: z.literal('self-signed') }),
    z.strictObject({ mode: z.literal('files'), certificateFile: z.string().min(1), keyFile: z.string().min(1) }),
  ]),
  swarm: z.strictObject({
    enabled: z.boolean(),
    listen: z.array(z.string().startsWith('/')).max(16),
    /** Multiaddrs to tell agents instead of the ones bound, behind NAT. */
    announce: z.array(z.string().startsWith('/')).max(16),
  }),
  sessions: z.strictObject({ idleSeconds: seconds, absoluteSeconds: seconds, ticketSeconds: seconds }),
  signIn: z.strictObject({
    windowSeconds: seconds,
    failuresPerAccount: z.int().min(1),
    failuresPerAddress: z.int().min(1),
    passwordCost: z.enum(['standard', 'lowest']),
  }),
  deviceTokens: z.strictObject({ tokenSeconds: seconds, challengeSeconds: seconds }),
  presence: z.strictObject({ flushSeconds: seconds, keepAliveSeconds: seconds }),
  roster: z.strictObject({ addressDebounceSeconds: z.number().min(0).max(3600) }),
  http: z.strictObject({ bodyLimitBytes: z.int().min(1024), largeBodyLimitBytes: z.int().min(1024), idempotencySeconds: seconds }),
  durability: z.strictObject({
    heartbeatSeconds: seconds,
    sweepCron: cron,
    /** Silence after which a device changes state. */
    silence: z.strictObject({ workstation: silence, anchor: silence }),
    /** When workstations are expected; null: at every hour. Time zone null: that of the team's backup schedule. */
    workWeek: z
      .strictObject({
        timeZone: timeZone.nullable(),
        workingDays: z.array(z.int().min(1).max(7)).min(1),
        fromHour: z.number().min(0).max(24),
        toHour: z.number().min(0).max(24),
        holidays: z.array(z.iso.date()),
      })
      .nullable(),
    /** Until when a new device holds packs beyond the minimum only. */
    vetting: z.strictObject({ minAgeSeconds: z.number().min(0), auditsPassed: z.int().min(0) }),
    /** So many gone within the window is an outage, not a loss: repair waits. */
    breaker: z.strictObject({
      share: z.number().gt(0).max(1),
      windowSeconds: seconds,
      atLeast: z.int().min(1),
      graceSeconds: z.number().min(0),
    }),
    /** How long holders keep a released pack, and the coordinator confirms none; holders have a minimum of their own. */
    release: z.strictObject({ holdSeconds: seconds }),
    /** When copies beyond what is wanted are looked for. */
    trims: z.strictObject({ sweepCron: cron }),
    /** When devices whose disk is short are looked at. */
    sheds: z.strictObject({ sweepCron: cron }),
    jobs: z.strictObject({
      leaseSeconds: seconds,
      expirySeconds: seconds,
      maxAttempts: z.int().min(1).max(100),
      openPerDevice: z.int().min(1).max(10_000),
    }),
    /** Every replica proves itself once in `periodSeconds`; what is due at a holder is looked at every `lookSeconds`. */
    audits: z.strictObject({
      sweepCron: cron,
      periodSeconds: seconds,
      lookSeconds: seconds,
      answerSeconds: seconds,
      retrySeconds: seconds,
    }),
  }),
  /** What a new coordinator would need is left with devices: looked at by `sweepCron`, made anew after `everySeconds` and when something changed. */
  bundle: z.strictObject({ sweepCron: cron, everySeconds: seconds }),
  /** Backup runs that started longer ago are forgotten, but for the newest ones of each device. */
  runs: z.strictObject({ keepSeconds: seconds, keepPerDevice: z.int().min(1).max(10_000) }),
  schedules: z.strictObject({ enabled: z.boolean(), leaseSeconds: seconds }),
  metrics: z.strictObject({
    /** Bearer token for `/metrics`; null: only from this machine. A secret: give it by HOLDFAST_METRICS_TOKEN. */
    token: z.string().min(16).nullable(),
  }),
  logs: z.strictObject({ level: z.enum(['silent', 'fatal', 'error', 'warn', 'info', 'debug', 'trace']) }),
  panel: z.strictObject({
    /** Folder with the built panel; null: `dist/apps/panel` of this installation. */
    directory: z.string().nullable(),
  }),
});
export type CoordinatorConfig = z.infer<typeof coordinatorConfig>;
