import { z } from 'zod';
import { base64Url, count, deviceId, packId, signedStatement, sizeBytes, timeMs, vaultId } from './common.ts';

export const packKind = z.enum(['data', 'meta', 'index']);
export type PackKind = z.infer<typeof packKind>;

/** What the vault format allows (docs/spec/vault-format.md). Without a bound one device could count beyond what databases and JavaScript count to. */
const maxPackBytes = 128 * 1024 * 1024;

/** A pack as the coordinator knows it. `ordinal` numbers the packs of a vault from 0 and is never reused. */
export const packInfo = z
  .strictObject({ packId, ordinal: z.int().min(0).max(0xffff_ffff), kind: packKind, sizeBytes: sizeBytes.max(maxPackBytes) })
  .meta({ id: 'PackInfo' });
export type PackInfo = z.infer<typeof packInfo>;

/** Idempotent: announcing a known pack changes nothing. At most 1,000 a call. */
export const announcePacks = z.strictObject({ vaultId, packs: z.array(packInfo).min(1).max(1000) }).meta({ id: 'AnnouncePacks' });
export type AnnouncePacks = z.infer<typeof announcePacks>;

/** Body of the statement `receipt`, signed by the holder: "I keep this whole pack, verified and durable". */
export const receipt = z.strictObject({
  packId,
  sizeBytes,
  vaultId,
  ownerDeviceId: deviceId,
  holderDeviceId: deviceId,
  generation: z.int().min(0),
  atMs: timeMs,
});
export type Receipt = z.infer<typeof receipt>;

export const receiptList = z
  .strictObject({ receipts: z.array(z.strictObject({ cursor: z.int(), receipt: signedStatement })), nextCursor: z.int() })
  .meta({ id: 'ReceiptList' });
export type ReceiptList = z.infer<typeof receiptList>;

/**
 * Copies of the asking device's packs that count for less than their receipts say. A receipt is the holder's word from one day; this is what became of it, as
 * far as the coordinator knows. It can only ever make the owner count less.
 */
export const doubtedCopies = z
  .strictObject({
    /** Holders all of whose copies count less: one half while it is doubted, nothing when it is gone. */
    holders: z.array(z.strictObject({ deviceId, weight: z.number().min(0).max(1) })).max(100_000),
    /** Single copies that count nothing (let go, lost, in quarantine, not shown yet after a return), by pack id. */
    copies: z.array(z.strictObject({ packId, holderDeviceId: deviceId })).max(5000),
    /** To be given as `after` for the rest; null: that is all. */
    next: packId.nullable(),
  })
  .meta({ id: 'DoubtedCopies' });
export type DoubtedCopies = z.infer<typeof doubtedCopies>;

/** What a holder has on its disk: after a return, or when the coordinator was rebuilt. */
export const inventory = z
  .strictObject({
    part: z.int().min(0),
    last: z.boolean(),
    packs: z.array(z.strictObject({ packId, sizeBytes, vaultId, ownerDeviceId: deviceId })).max(10_000),
  })
  .meta({ id: 'Inventory' });
export type Inventory = z.infer<typeof inventory>;

/** Who has which pack, for readers. At most 1,000 ids a call. */
export const locatePacks = z.strictObject({ packIds: z.array(packId).min(1).max(1000) }).meta({ id: 'LocatePacks' });
export const packLocations = z
  .strictObject({
    locations: z.array(z.strictObject({ packId, sizeBytes, holders: z.array(z.strictObject({ deviceId, online: z.boolean() })) })),
  })
  .meta({ id: 'PackLocations' });
export type PackLocations = z.infer<typeof packLocations>;

/** What goes with a snapshot in clear for the coordinator: counts, and which packs it needs. No names, no content. */
export const snapshotStats = z.strictObject({
  files: count,
  directories: count,
  /** Plain bytes of all files of the snapshot. */
  bytes: sizeBytes,
  /** Bytes read, and bytes of new packs, in this run. */
  readBytes: sizeBytes,
  newFiles: count,
  changedFiles: count,
  unchangedFiles: count,
  newChunks: count,
  newPackBytes: sizeBytes,
  newPacks: count,
  errors: count,
  durationMs: z.int().min(0),
});
export type SnapshotStats = z.infer<typeof snapshotStats>;

export const commitSnapshot = z
  .strictObject({
    vaultId,
    sequence: z.int().min(1),
    /** The signed head as stored bytes. */
    head: base64Url(8 * 1024 * 1024),
    /** Zlib-deflated bitmap of needed pack ordinals, bit n of byte n>>3 (least significant first), base64url. */
    neededPacks: base64Url(4 * 1024 * 1024),
    /** The device's clock at the start and end of the run; retention counts by the coordinator's receipt time. */
    startedAtMs: timeMs,
    endedAtMs: timeMs,
    partial: z.boolean(),
    /** Of paths that somebody named: it keeps no promise about the folders that are to be backed up. Absent: false. */
    adHoc: z.boolean().optional(),
    /** How long the report waited for the coordinator, by the device's clock: what was captured is that much older. Absent: not worth a word. */
    waitedMs: z.int().min(0).optional(),
    stats: snapshotStats,
  })
  .meta({ id: 'CommitSnapshot' });
export type CommitSnapshot = z.infer<typeof commitSnapshot>;

/** captured: on the owner's disk only; protected: all packs at `minReplicas` others; full: all at the target. */
export const protection = z.enum(['captured', 'protected', 'full']);
export type Protection = z.infer<typeof protection>;

export const snapshot = z
  .strictObject({
    snapshotId: z.uuid(),
    deviceId,
    vaultId,
    sequence: z.int(),
    receivedAtMs: timeMs,
    startedAtMs: timeMs,
    endedAtMs: timeMs,
    partial: z.boolean(),
    protection,
    protectedAtMs: timeMs.nullable(),
    /** Every needed pack has a holder online now. */
    restorableNow: z.boolean(),
    packs: count,
    packsBelowMinimum: count,
    stats: snapshotStats,
  })
  .meta({ id: 'Snapshot' });
export type Snapshot = z.infer<typeof snapshot>;

export const runState = z.enum(['running', 'captured', 'failed', 'interrupted']);
export const run = z
  .strictObject({
    runId: z.uuid(),
    deviceId,
    trigger: z.enum(['schedule', 'catch-up', 'admin', 'manual']),
    state: runState,
    startedAtMs: timeMs,
    endedAtMs: timeMs.nullable(),
    filesDone: count,
    bytesDone: sizeBytes,
    snapshotSequence: z.int().nullable(),
    /** How safe the snapshot that it made is by now; the coordinator's to say. Null while it knows of none. */
    protection: protection.nullable().optional(),
    errorCode: z.string().nullable(),
    errorMessage: z.string().nullable(),
    fileErrors: count,
  })
  .meta({ id: 'Run' });
export type Run = z.infer<typeof run>;

export const reportRun = run.omit({ deviceId: true, protection: true }).meta({ id: 'ReportRun' });
export type ReportRun = z.infer<typeof reportRun>;

/** A vault as offered to readers: stored bytes that only a key opens. */
export const vaultDocument = z
  .strictObject({
    vaultId,
    deviceId,
    deviceName: z.string(),
    header: base64Url(256 * 1024),
    head: base64Url(8 * 1024 * 1024).nullable(),
    headSequence: z.int().nullable(),
  })
  .meta({ id: 'VaultDocument' });
export type VaultDocument = z.infer<typeof vaultDocument>;
