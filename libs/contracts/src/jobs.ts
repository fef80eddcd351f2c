import { z } from 'zod';
import { base64Url, count, deviceId, packId, signedStatement, sizeBytes, timeMs, vaultId } from './common.ts';

export const conflictRule = z.enum(['keep-both', 'overwrite', 'skip', 'fail']);
export type ConflictRule = z.infer<typeof conflictRule>;

/** Work for an agent. Delivery is at least once; the agent answers the same job the same way again. */
export const jobTask = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('backup'), reason: z.enum(['admin', 'schedule']) }),
  z.strictObject({
    kind: z.literal('replicate'),
    vaultId,
    ownerDeviceId: deviceId,
    packId,
    packKind: z.enum(['data', 'meta', 'index']),
    sizeBytes,
    generation: z.int().min(0),
    /** Devices that have it, best first; their peer ids and addresses are in the roster. */
    sources: z.array(deviceId).min(1).max(16),
    reason: z.enum(['placement', 'repair']),
  }),
  z.strictObject({
    kind: z.literal('restore'),
    restoreId: z.uuid(),
    vaultId,
    ownerDeviceId: deviceId,
    snapshotSequence: z.int().min(1),
    /** Paths inside the snapshot, `/`-separated UTF-8; empty: everything. */
    paths: z.array(z.string().max(4096)).max(1000),
    /** Folder on the target device: a whole path, or a name below the device's own folder for restores; null: the original places. */
    destination: z.string().max(4096).nullable(),
    conflict: conflictRule,
    /** A restore order: the vault's master key, sealed to the target device for this restore alone by whoever opened it. */
    sealedVaultKey: base64Url(512),
  }),
]);
export type JobTask = z.infer<typeof jobTask>;

/**
 * How long a restore that a person ordered may wait for its device: over a weekend and a day off. The device refuses it afterwards, by its own clock: days later
 * the files may be others.
 */
export const restoreOrderValidMs = 7 * 24 * 3_600_000;

/** Whether a restore's destination is a name below the device's folder for restores: what is a path on any system is none. */
export const isRestoreName = (text: string): boolean => /^(?!\.+$)[^/\\:]+$/.test(text.trim());

export const jobState = z.enum(['open', 'taken', 'done', 'failed', 'expired', 'cancelled']);
export const job = z
  .strictObject({ jobId: z.uuid(), task: jobTask, state: jobState, attempt: count, createdAtMs: timeMs, expiresAtMs: timeMs })
  .meta({ id: 'Job' });
export type Job = z.infer<typeof job>;

export const jobProgress = z.strictObject({
  filesDone: count,
  filesTotal: count,
  bytesDone: sizeBytes,
  bytesTotal: sizeBytes,
  current: z.string().max(300).optional(),
});

/** `taken` is a lease that progress renews; `done` and `failed` are final for this attempt. */
export const jobReport = z
  .discriminatedUnion('state', [
    z.strictObject({ state: z.literal('taken'), progress: jobProgress.optional() }),
    z.strictObject({
      state: z.literal('done'),
      receipt: signedStatement.optional(),
      summary: z.record(z.string(), z.union([z.string(), z.number(), z.boolean()])).optional(),
    }),
    z.strictObject({ state: z.literal('failed'), code: z.string().max(60), message: z.string().max(500), retry: z.boolean() }),
  ])
  .meta({ id: 'JobReport' });
export type JobReport = z.infer<typeof jobReport>;

export const createRestore = z
  .strictObject({
    vaultId,
    snapshotSequence: z.int().min(1),
    paths: z.array(z.string().max(4096)).max(1000),
    targetDeviceId: deviceId,
    destination: z.string().max(4096).nullable(),
    conflict: conflictRule.default('keep-both'),
    sealedVaultKey: base64Url(512),
  })
  .meta({ id: 'CreateRestore' });
export type CreateRestore = z.infer<typeof createRestore>;

export const restore = z
  .strictObject({
    restoreId: z.uuid(),
    vaultId,
    ownerDeviceId: deviceId,
    targetDeviceId: deviceId,
    snapshotSequence: z.int(),
    paths: z.array(z.string()),
    destination: z.string().nullable(),
    conflict: conflictRule,
    state: z.enum(['waiting', 'running', 'done', 'failed']),
    requestedBy: z.string(),
    createdAtMs: timeMs,
    endedAtMs: timeMs.nullable(),
    progress: jobProgress.nullable(),
    summary: z.record(z.string(), z.union([z.string(), z.number(), z.boolean()])).nullable(),
    errorCode: z.string().nullable(),
    errorMessage: z.string().nullable(),
  })
  .meta({ id: 'Restore' });
export type Restore = z.infer<typeof restore>;
