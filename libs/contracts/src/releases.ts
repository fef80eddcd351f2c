import { z } from 'zod';
import { base64Url, count, deviceId, packId, signedStatement, sizeBytes, timeMs, vaultId } from './common.ts';

/**
 * How anything is ever deleted; the rules are in docs/spec/release-and-hold.md. The owner signs a release, the coordinator
 * countersigns it, holders keep the packs for the hold, ask once more, and only then delete.
 */

/** retention: no snapshot needs them; rewrite: what lives in them was copied to new packs; leaver: the vault is given up; surplus: of a trim. */
export const releaseReason = z.enum(['retention', 'rewrite', 'leaver', 'surplus']);
export type ReleaseReason = z.infer<typeof releaseReason>;

/** 5,000 ids are some 310 KB: one call, one statement, one file at each holder. More packs are several releases. */
export const maxPacksPerRelease = 5000;

/** SHA-256 of the payload bytes of the release that a later statement is about: 43 characters. */
const releaseHash = base64Url(32).length(43);

/**
 * Body of the statement `release`, signed by the vault's owner, or of `root-release`, signed by the team root in place of an
 * owner that is gone: "these packs may be deleted".
 */
export const release = z.strictObject({
  teamId: z.uuid(),
  releaseId: z.uuid(),
  vaultId,
  ownerDeviceId: deviceId,
  /** One more than the vault's release before. */
  releaseSequence: z.int().min(1),
  /** The vault's head that the release follows from: it needs none of these packs. */
  headSequence: z.int().min(1),
  /** Of the vault at the time of signing. Replicas of a later generation were placed after a cancel and are not meant. */
  generation: z.int().min(0),
  reason: releaseReason,
  packIds: z.array(packId).min(1).max(maxPacksPerRelease),
  atMs: timeMs,
  /** Makes it a trim: only this holder is meant, since enough others have these packs. They stay packs of the vault. */
  onlyHolder: deviceId.optional(),
});
export type Release = z.infer<typeof release>;

/** Body of the statement `release-countersign`, signed by the coordinator: the hold may begin. */
export const releaseCountersign = z.strictObject({
  teamId: z.uuid(),
  releaseId: z.uuid(),
  vaultId,
  releaseHash,
  /** A holder keeps them for this long or its own minimum, whichever is longer. */
  holdMs: z.int().min(0),
  atMs: timeMs,
});
export type ReleaseCountersign = z.infer<typeof releaseCountersign>;

/** Body of the statement `release-cancel`, signed by the coordinator: the release is void for good. */
export const releaseCancel = z.strictObject({ teamId: z.uuid(), releaseId: z.uuid(), vaultId, releaseHash, atMs: timeMs });
export type ReleaseCancel = z.infer<typeof releaseCancel>;

/**
 * Body of the statement `release-confirm`, signed by the coordinator for one holder and its nonce when the hold is over:
 * "as of now these packs are still released". Packs of the release that it does not name are to be kept.
 */
export const releaseConfirm = z.strictObject({
  teamId: z.uuid(),
  releaseId: z.uuid(),
  vaultId,
  releaseHash,
  holderDeviceId: deviceId,
  nonce: base64Url(32).length(43),
  packIds: z.array(packId).max(maxPacksPerRelease),
  atMs: timeMs,
});
export type ReleaseConfirm = z.infer<typeof releaseConfirm>;

/** waiting: unusual, a person has to approve it; holding: countersigned, holders keep the packs until the hold is over. */
export const releaseState = z.enum(['waiting', 'holding', 'cancelled', 'done']);
export type ReleaseState = z.infer<typeof releaseState>;

/** Why a release is unusual. */
export const releaseFlag = z.enum([
  'large-share',
  'kept-by-retention',
  'changed-files-spike',
  'incompressible-spike',
  'cancelled-before',
  'whole-vault',
  'restored-since',
]);
export type ReleaseFlag = z.infer<typeof releaseFlag>;

/** A release as people see it. */
export const releaseView = z
  .strictObject({
    releaseId: z.uuid(),
    deviceId,
    deviceName: z.string(),
    vaultId,
    releaseSequence: z.int(),
    reason: releaseReason,
    state: releaseState,
    flags: z.array(releaseFlag),
    /** What is unusual about it in plain words; empty when nothing is. */
    explanation: z.string(),
    packs: count,
    bytes: sizeBytes,
    /** Of the vault at that time, 0 to 1. */
    share: z.number().min(0).max(1),
    snapshotsForgotten: count,
    receivedAtMs: timeMs,
    countersignedAtMs: timeMs.nullable(),
    /** Nobody deletes before; holders that are away take longer. */
    holdUntilMs: timeMs.nullable(),
    decidedBy: z.string().nullable(),
    decidedAtMs: timeMs.nullable(),
    /** Replicas that holders have deleted so far. */
    replicasDeleted: count,
    replicasLeft: count,
  })
  .meta({ id: 'ReleaseView' });
export type ReleaseView = z.infer<typeof releaseView>;

/** What an owner sends: idempotent by the statement. */
export const submitRelease = z.strictObject({ release: signedStatement }).meta({ id: 'SubmitRelease' });
export type SubmitRelease = z.infer<typeof submitRelease>;

/** A release as its owner follows it; own copies go only once it is holding. */
export const ownRelease = z
  .strictObject({
    releaseId: z.uuid(),
    releaseSequence: z.int(),
    releaseHash,
    state: releaseState,
    /** As in `ReleaseView`; absent from coordinators before they said it. */
    holdUntilMs: timeMs.nullable().optional(),
    explanation: z.string().optional(),
  })
  .meta({ id: 'OwnRelease' });
export type OwnRelease = z.infer<typeof ownRelease>;

export const ownReleases = z
  .strictObject({ lastSequence: z.int().min(0), generation: z.int().min(0), releases: z.array(ownRelease) })
  .meta({ id: 'OwnReleases' });
export type OwnReleases = z.infer<typeof ownReleases>;

/** What concerns a holder now, as the state of each release: a lost hint costs nothing. */
export const heldReleases = z
  .strictObject({ releases: z.array(z.strictObject({ releaseId: z.uuid(), state: z.enum(['holding', 'cancelled']) })) })
  .meta({ id: 'HeldReleases' });
export type HeldReleases = z.infer<typeof heldReleases>;

/** The statements of one release. */
export const releaseStatements = z
  .strictObject({ release: signedStatement, countersign: signedStatement.nullable(), cancel: signedStatement.nullable() })
  .meta({ id: 'ReleaseStatements' });
export type ReleaseStatements = z.infer<typeof releaseStatements>;

export const confirmRelease = z.strictObject({ nonce: base64Url(32).length(43) }).meta({ id: 'ConfirmRelease' });

/** Deleted by this holder, after its hold. */
export const releaseDeleted = z.strictObject({ packIds: z.array(packId).max(maxPacksPerRelease) }).meta({ id: 'ReleaseDeleted' });
export type ReleaseDeleted = z.infer<typeof releaseDeleted>;

/**
 * A head that came without a snapshot: after forget or prune. `needs` restates the needed packs of snapshots whose content was
 * copied to other packs (deflated bitmaps as in `CommitSnapshot`). Snapshots that the head does not list are forgotten.
 */
export const putVaultHead = z
  .strictObject({
    vaultId,
    head: base64Url(8 * 1024 * 1024),
    needs: z.array(z.strictObject({ sequence: z.int().min(1), neededPacks: base64Url(4 * 1024 * 1024) })).max(10_000),
  })
  .meta({ id: 'PutVaultHead' });
export type PutVaultHead = z.infer<typeof putVaultHead>;

/** A head that a newer one replaced while packs that it needs may still be there. */
export const keptHead = z
  .strictObject({ headSequence: z.int(), keptAtMs: timeMs, snapshots: z.array(z.int()), sizeBytes })
  .meta({ id: 'KeptHead' });
export type KeptHead = z.infer<typeof keptHead>;

export const pinSnapshot = z.strictObject({ pinned: z.boolean() }).meta({ id: 'PinSnapshot' });

/** What the retention rules say of each snapshot, by the coordinator's receipt time. */
export const retentionView = z
  .strictObject({
    snapshots: z.array(
      z.strictObject({ sequence: z.int(), receivedAtMs: timeMs, pinned: z.boolean(), keep: z.boolean(), reasons: z.array(z.string()) }),
    ),
  })
  .meta({ id: 'RetentionView' });
export type RetentionView = z.infer<typeof retentionView>;
