import { z } from 'zod';
import { count, deviceId, peerId, publicKey, sizeBytes, timeMs, vaultId } from './common.ts';
import { deviceClass } from './team.ts';
import { run, snapshot } from './packs.ts';

/** See docs/glossary.md; decided by the rules in libs/durability. */
export const deviceState = z.enum([
  'vetting',
  'active',
  'asleep',
  'overdue',
  'suspect',
  'missing',
  'lost',
  'reconciling',
  'draining',
  'revoked',
]);
export type DeviceState = z.infer<typeof deviceState>;

/** Packs that leave a device whose disk is short. Nothing is deleted for it but by the owner's word and after the hold. */
export const deviceShed = z
  .strictObject({
    /** What it has to give back, by its last heartbeat. */
    toGiveBackBytes: sizeBytes,
    /** Chosen to leave: they wait for copies elsewhere, or for their owners' word. */
    movingBytes: sizeBytes,
    /** Let go by their owners: free when the hold is over. */
    inHoldBytes: sizeBytes,
    /** Since when packs are being moved; null: not yet, since the shortage may pass. */
    begunAtMs: timeMs.nullable(),
    /** Nothing more can be moved at present; the reason is in `stateReason`. */
    stuck: z.boolean(),
  })
  .meta({ id: 'DeviceShed' });
export type DeviceShed = z.infer<typeof deviceShed>;

export const deviceSummary = z
  .strictObject({
    deviceId,
    peerId,
    name: z.string(),
    site: z.string(),
    class: deviceClass,
    os: z.string(),
    agentVersion: z.string(),
    state: deviceState,
    /** The state in plain words, with the next step where there is one. */
    stateReason: z.string(),
    online: z.boolean(),
    enrolledAtMs: timeMs,
    lastSeenAtMs: timeMs.nullable(),
    signingKey: publicKey,
    boxKey: publicKey,
    vaultId: vaultId.nullable(),
    lastCapturedAtMs: timeMs.nullable(),
    lastProtectedAtMs: timeMs.nullable(),
    rpoMet: z.boolean().nullable(),
    /** The newest backup of everything is incomplete; null: it is not, or the policy lets it count. */
    incomplete: z
      .strictObject({
        /** Things that could not be read. */
        unread: count,
        /** The promise is not kept by complete backups, but it would be if incomplete ones counted. */
        inTime: z.boolean(),
      })
      .nullable(),
    vaultBytes: sizeBytes,
    heldBytes: sizeBytes,
    heldPacks: count,
    freeBytes: sizeBytes,
    availableForPacksBytes: sizeBytes,
    /** What leaves it because its disk is short; null: nothing. In words in `stateReason`. */
    shed: deviceShed.nullable(),
    snapshots: count,
  })
  .meta({ id: 'DeviceSummary' });
export type DeviceSummary = z.infer<typeof deviceSummary>;

export const deviceDetail = deviceSummary.extend({ runs: z.array(run), latestSnapshots: z.array(snapshot) }).meta({ id: 'DeviceDetail' });
export type DeviceDetail = z.infer<typeof deviceDetail>;

/** "Away until", by the coordinator's clock; at most a year ahead is sensible, ten are allowed. Null: no longer away. */
export const setAway = z.strictObject({ untilMs: timeMs.nullable() }).meta({ id: 'SetAway' });
export type SetAway = z.infer<typeof setAway>;

/** How far a leaver's packs are copied out. */
export const drainProgress = z
  .strictObject({
    packs: count,
    /** Packs that would have fewer copies than the target without it. */
    stillNeeded: count,
    /** Packs that would fall below the minimum without it. */
    belowMinimumWithout: count,
    safeToRevoke: z.boolean(),
  })
  .meta({ id: 'DrainProgress' });
export type DrainProgress = z.infer<typeof drainProgress>;

/** Worst wins: `protected` only when every device that should be is. */
export const overview = z
  .strictObject({
    level: z.enum(['protected', 'attention', 'at-risk', 'empty']),
    headline: z.string(),
    reasons: z.array(z.strictObject({ deviceId: deviceId.nullable(), text: z.string(), nextStep: z.string() })),
    /** `storageOnly`: anchors with nothing of their own to protect, counted neither as protected nor as not. */
    devices: z.strictObject({ total: count, online: count, protected: count, notProtected: count, storageOnly: count }),
    /** Packs by effective replicas (rounded down): at 0, 1, 2, 3 or more. */
    replicaHistogram: z.strictObject({ zero: count, one: count, two: count, threeOrMore: count }),
    storage: z.strictObject({ availableBytes: sizeBytes, heldBytes: sizeBytes, vaultBytes: sizeBytes }),
    repair: z.strictObject({ backlogPacks: count, backlogBytes: sizeBytes, runningJobs: count }),
    lastNight: z.array(z.strictObject({ deviceId, deviceName: z.string(), runs: z.array(run) })),
    /** One entry a day, oldest first, 30 days at most. */
    history: z.array(z.strictObject({ dayMs: timeMs, protected: count, atRisk: count })),
    atMs: timeMs,
  })
  .meta({ id: 'Overview' });
export type Overview = z.infer<typeof overview>;

/** Events of the panel's stream (`/api/v1/events`): what to fetch again. */
export const panelEvent = z.strictObject({
  event: z.enum(['devices', 'snapshots', 'runs', 'packs', 'restores', 'policies', 'join-links', 'releases']),
  deviceId: deviceId.optional(),
});
export type PanelEvent = z.infer<typeof panelEvent>;
