import { z } from 'zod';
import { base64Url, count, deviceId, signedStatement, timeMs, vaultId } from './common.ts';
import { snapshotStats } from './packs.ts';

/**
 * How a coordinator that lost its memory, or was put back to an older one, notices it and gets it again from the agents:
 * docs/spec/rebuild.md.
 */

/** Body of the statement `memory`, signed by the coordinator for itself: "I gave this out, so I was as far as this". */
export const memory = z.strictObject({
  teamId: z.uuid(),
  /** Random; a new one whenever the coordinator finds that its database lost something. */
  memoryId: z.uuid(),
  /** Grows while agents are heard of. */
  mark: z.int().min(1),
});
export type Memory = z.infer<typeof memory>;

/** Receipts that an owner keeps, handed back with the cursors that they had. Signed by their holders, so nothing has to be believed. */
export const returnReceipts = z
  .strictObject({
    receipts: z
      .array(z.strictObject({ cursor: z.int().min(1), receipt: signedStatement }))
      .min(1)
      .max(500),
  })
  .meta({ id: 'ReturnReceipts' });
export type ReturnReceipts = z.infer<typeof returnReceipts>;

/** A snapshot of the vault's head as it stands, for a coordinator that may not know it. `neededPacks` as in `CommitSnapshot`. */
export const returnedSnapshot = z.strictObject({
  sequence: z.int().min(1),
  neededPacks: base64Url(4 * 1024 * 1024),
  startedAtMs: timeMs,
  endedAtMs: timeMs,
  partial: z.boolean(),
  /** As in `CommitSnapshot`. */
  adHoc: z.boolean().optional(),
  stats: snapshotStats,
});
export type ReturnedSnapshot = z.infer<typeof returnedSnapshot>;
export const returnSnapshots = z
  .strictObject({ vaultId, snapshots: z.array(returnedSnapshot).min(1).max(500) })
  .meta({ id: 'ReturnSnapshots' });
export type ReturnSnapshots = z.infer<typeof returnSnapshots>;

/** The newest roster that a device has: the coordinator's own signature on who is a member and who was revoked. */
export const returnRoster = z.strictObject({ roster: signedStatement }).meta({ id: 'ReturnRoster' });
export type ReturnRoster = z.infer<typeof returnRoster>;

/** "For this memory I have told everything that I know." */
export const reportedAll = z.strictObject({ memoryId: z.uuid() }).meta({ id: 'ReportedAll' });
export type ReportedAll = z.infer<typeof reportedAll>;

/** How far the coordinator is with getting its memory back. */
export const rebuildView = z
  .strictObject({
    /** Nothing is repaired, released or trimmed. */
    frozen: z.boolean(),
    /** Since when the coordinator knows that something was missing; null: never since it was set up. */
    sinceMs: timeMs.nullable(),
    /** What it was noticed by, in plain words. */
    cause: z.string(),
    /** Devices that belong to the team, those of them that have reported, and how many have to. */
    knownDevices: count,
    reportedDevices: count,
    neededDevices: count,
    /** Those that have not reported yet. */
    waitingFor: z.array(z.strictObject({ deviceId, deviceName: z.string() })),
    /** When repair went on, and who said so; null by whom: enough had reported. */
    endedAtMs: timeMs.nullable(),
    endedBy: z.string().nullable(),
    /** One sentence while it is frozen, and what to do; else empty. */
    reason: z.string(),
    nextStep: z.string(),
  })
  .meta({ id: 'Rebuild' });
export type RebuildView = z.infer<typeof rebuildView>;
