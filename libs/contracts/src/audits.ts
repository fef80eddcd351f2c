import { z } from 'zod';
import { base64Url, count, deviceId, packId, pageOf, sizeBytes, timeMs, vaultId } from './common.ts';

const bytes32 = base64Url(32).length(43);

/** Challenges about one pack, made by its owner: nonces follow from the seed, `answers` are the right ones in the order of their index from 0. */
export const packChallenges = z.strictObject({ packId, seed: bytes32, answers: z.array(bytes32).min(1).max(64) });
export type PackChallenges = z.infer<typeof packChallenges>;

/** Replaces what was left of earlier challenges about these packs. */
export const putChallenges = z.strictObject({ vaultId, packs: z.array(packChallenges).min(1).max(200) }).meta({ id: 'PutChallenges' });
export type PutChallenges = z.infer<typeof putChallenges>;

/** An owner's packs that are short of challenges, by ordinal; ask again with `nextAfter` until it is null. */
export const wantedChallenges = z
  .strictObject({
    packs: z.array(z.strictObject({ packId, sizeBytes, challenges: z.int().min(1).max(64) })),
    nextAfter: z.int().nullable(),
  })
  .meta({ id: 'WantedChallenges' });
export type WantedChallenges = z.infer<typeof wantedChallenges>;

/** One question to a holder: BLAKE3 of the whole pack, keyed with the nonce. */
export const auditQuestion = z.strictObject({ auditId: z.uuid(), packId, sizeBytes, nonce: bytes32 });
export type AuditQuestion = z.infer<typeof auditQuestion>;

export const openAudits = z
  .strictObject({
    audits: z.array(auditQuestion).max(1000),
    /** The holder is to read all that it holds and report; a scan begun at or after this is one. Null: none is asked for. */
    scanSinceMs: timeMs.nullable(),
  })
  .meta({ id: 'OpenAudits' });
export type OpenAudits = z.infer<typeof openAudits>;

export const auditAnswer = z.discriminatedUnion('outcome', [
  z.strictObject({ auditId: z.uuid(), outcome: z.literal('answered'), answer: bytes32 }),
  z.strictObject({ auditId: z.uuid(), outcome: z.literal('missing') }),
  z.strictObject({ auditId: z.uuid(), outcome: z.literal('unreadable'), message: z.string().max(300) }),
]);
export type AuditAnswer = z.infer<typeof auditAnswer>;

/** Answers to what is open; those to anything else are passed over, so a call may be repeated. */
export const auditAnswers = z.strictObject({ answers: z.array(auditAnswer).min(1).max(1000) }).meta({ id: 'AuditAnswers' });
export type AuditAnswers = z.infer<typeof auditAnswers>;

/** What a scrub found so far. `held`: packs of others; `own`: this device's own. */
export const scrubReport = z
  .strictObject({
    store: z.enum(['held', 'own']),
    /** By the device's clock; the coordinator compares it with what it asked for only through `asked`. */
    startedAtMs: timeMs,
    endedAtMs: timeMs.nullable(),
    /** The `scanSinceMs` that this scan answers, or null. */
    asked: timeMs.nullable(),
    packs: count,
    sizeBytes,
    /** Damaged packs of the whole scan, those reported before included. */
    found: count,
    /** Damaged packs that were not reported before. */
    damaged: z.array(z.strictObject({ packId, leaves: count, repaired: z.boolean() })).max(1000),
  })
  .meta({ id: 'ScrubReport' });
export type ScrubReport = z.infer<typeof scrubReport>;

/** What audits say of a holder. */
export const auditStanding = z.strictObject({
  passed: count,
  failed: count,
  timedOut: count,
  lastPassedAtMs: timeMs.nullable(),
  /** In (0, 1]: how far the record speaks for the holder. */
  score: z.number(),
  /** Replicas at this holder that count as nothing for now. */
  quarantinedReplicas: count,
  /** The holder as a whole is not believed. */
  quarantine: z.strictObject({ sinceMs: timeMs, reason: z.string(), passedInARow: count, neededPasses: count }).nullable(),
  scan: z
    .strictObject({
      wantedSinceMs: timeMs.nullable(),
      lastEndedAtMs: timeMs.nullable(),
      lastPacks: count,
      lastDamaged: count,
    })
    .nullable(),
});
export type AuditStanding = z.infer<typeof auditStanding>;

export const auditEventKind = z.enum(['failed', 'cleared', 'rot', 'quarantined', 'released', 'challenges-wrong']);
export type AuditEventKind = z.infer<typeof auditEventKind>;

/** Something that a person may want to know of a holder's audits; passes are only counted. */
export const auditEvent = z
  .strictObject({
    eventId: z.uuid(),
    deviceId,
    atMs: timeMs,
    kind: auditEventKind,
    packId: packId.nullable(),
    ownerDeviceId: deviceId.nullable(),
    /** In plain words. */
    cause: z.string(),
  })
  .meta({ id: 'AuditEvent' });
export type AuditEvent = z.infer<typeof auditEvent>;

export const deviceAudits = z
  .strictObject({
    deviceId,
    standing: auditStanding,
    /** One entry a day with audits, oldest first, 30 days at most. */
    days: z.array(z.strictObject({ dayMs: timeMs, passed: count, failed: count, timedOut: count })),
    /** Newest first. */
    events: pageOf(auditEvent),
  })
  .meta({ id: 'DeviceAudits' });
export type DeviceAudits = z.infer<typeof deviceAudits>;

/** One device in the team's list of holders. */
export const holderAudits = z
  .strictObject({
    deviceId,
    deviceName: z.string(),
    standing: auditStanding,
    /** The newest thing that speaks for or against it, or null: it passed whatever it was asked. */
    lastEvent: auditEvent.nullable(),
  })
  .meta({ id: 'HolderAudits' });
export type HolderAudits = z.infer<typeof holderAudits>;

/** Leave to believe a quarantined holder again before it has earned it. */
export const releaseHolder = z.strictObject({ note: z.string().min(1).max(300) }).meta({ id: 'ReleaseHolder' });
export type ReleaseHolder = z.infer<typeof releaseHolder>;
