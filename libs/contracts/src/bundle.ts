import { z } from 'zod';
import { base64Url, count, deviceId, peerId, publicKey, signedStatement, sizeBytes, timeMs } from './common.ts';
import { role } from './people.ts';
import { deviceClass, teamDocument } from './team.ts';

/**
 * What a coordinator leaves with devices, so that a new one can take over when its disk is gone: docs/spec/bundle.md.
 */

/** Signed payloads have 4 MiB at most; this leaves room for the rest of the body. Some 15,000 devices. */
export const maxSealedBundleBytes = 3 * 1024 * 1024 - 16 * 1024;
/** What is sealed, unpacked: no reader takes more memory for it. */
export const maxBundleContentBytes = 64 * 1024 * 1024;

/** Body of the statement `bundle`, signed by the coordinator. All that its keepers can read. */
export const bundle = z.strictObject({
  version: z.literal(1),
  teamId: z.uuid(),
  /** By the coordinator's clock. */
  madeAtMs: timeMs,
  /** Of the roster that is in it. Only grows, so of two bundles the one with the higher one is the newer. */
  rosterVersion: z.int().min(0),
  /** The statement `coordinator-certificate`: the team root's word for the key that signed this. */
  certificate: signedStatement,
  /** `crypto_box_seal` to the team's recovery key over gzip over the JSON text of {@link bundleContent}. */
  sealed: base64Url(maxSealedBundleBytes),
});
export type Bundle = z.infer<typeof bundle>;

const nullableTime = timeMs.nullable();

/** A member as the coordinator's database has it. */
export const bundledDevice = z.strictObject({
  deviceId,
  peerId,
  name: z.string().max(100),
  site: z.string().max(100),
  class: deviceClass,
  membership: z.enum(['active', 'draining', 'revoked']),
  os: z.string().max(100),
  agentVersion: z.string().max(40),
  signingKey: publicKey,
  boxKey: publicKey,
  addresses: z.array(z.string().max(300)).max(32),
  enrolledAtMs: timeMs,
  joinLinkId: z.uuid().nullable(),
  revokedAtMs: nullableTime,
  lastSeenAtMs: nullableTime,
  /** Why it was revoked. */
  note: z.string(),
});
export type BundledDevice = z.infer<typeof bundledDevice>;

/** What is sealed in a bundle: everything of the coordinator that the agents can't tell it again. */
export const bundleContent = z.strictObject({
  version: z.literal(1),
  madeAtMs: timeMs,
  team: z.strictObject({ document: teamDocument, coordinatorDeviceId: deviceId, createdAtMs: timeMs }),
  coordinator: z.strictObject({
    /** Seed of the coordinator's Ed25519 key: rosters, receipts of releases and notes that agents keep are by it. */
    keySeed: base64Url(32).length(43),
    /** Key and certificate that agents pinned, PEM; null: they are files that the coordinator was told of, and nobody copied. */
    tls: z
      .string()
      .max(64 * 1024)
      .nullable(),
  }),
  roster: z.strictObject({ version: z.int().min(0), changedAtMs: timeMs }),
  devices: z.array(bundledDevice).max(20_000),
  /** What people said of devices. */
  marks: z.array(z.strictObject({ deviceId, lostAtMs: nullableTime, awayUntilMs: nullableTime })).max(20_000),
  /** Checked when they are put back: one that a newer version does not take must not cost the team. */
  policies: z.strictObject({
    team: z.strictObject({ version: z.int(), policy: z.unknown() }).nullable(),
    devices: z.array(z.strictObject({ deviceId, version: z.int(), override: z.unknown() })).max(20_000),
  }),
  accounts: z
    .array(
      z.strictObject({
        userId: z.uuid(),
        email: z.string().max(200),
        name: z.string().max(100),
        role,
        /** Argon2id, see "Accounts of people" in docs/spec/keys-and-statements.md. */
        passwordHash: z.string().max(1000),
        createdAtMs: timeMs,
      }),
    )
    .max(100_000),
  /** Memories that the coordinator had, so that a note of one of them is no news to the next: docs/spec/rebuild.md. */
  memories: z.array(z.strictObject({ memoryId: z.uuid(), ordinal: z.int().min(0), mark: z.int().min(1), sinceMs: timeMs })).max(1000),
  /** Where the audit log was: the new one begins with this, so that a log that was kept elsewhere can be joined to it. */
  auditLog: z.strictObject({ entries: z.int().min(0), head: z.string().max(64) }),
});
export type BundleContent = z.infer<typeof bundleContent>;

/** SHA-256 of the payload bytes of the statement, base64url: names one bundle. */
export const bundleDigest = base64Url(32).length(43);

/** In the reply to a heartbeat: what this device is to keep, and what the team has. */
export const bundleWish = z.strictObject({
  /** The bundle that this device is to have; null: what it has is enough. */
  keep: bundleDigest.nullable(),
  /** The newest bundle that enough devices have; null: there was none so far. */
  safeSinceMs: nullableTime,
  /** Whether somebody should look at it. */
  worrying: z.boolean(),
});
export type BundleWish = z.infer<typeof bundleWish>;

/** Whether the coordinator's own disk may burn. */
export const bundleView = z
  .strictObject({
    /** The newest one that was made; null: none yet. */
    madeAtMs: nullableTime,
    sizeBytes,
    /** Devices that have the newest one. */
    keepers: z.array(z.strictObject({ deviceId, deviceName: z.string(), site: z.string(), heardAtMs: timeMs })),
    /** So many devices have to have one. */
    needed: count,
    /** When the newest bundle was made that so many devices have, or a newer one; null: never. */
    safeSinceMs: nullableTime,
    level: z.enum(['ok', 'warning']),
    /** In plain words, and what to do; the latter empty when all is well. */
    text: z.string(),
    nextStep: z.string(),
  })
  .meta({ id: 'CoordinatorBundle' });
export type BundleView = z.infer<typeof bundleView>;
