import { z } from 'zod';
import { base64Url, count, deviceId, peerId, publicKey, signature, signedStatement, sizeBytes, timeMs, vaultId } from './common.ts';
import { bundleDigest, bundleWish } from './bundle.ts';
import { teamDocument } from './team.ts';

/** `proof`: Ed25519 signature by the device key over `"holdfast/enrol/1" + NUL + secret (UTF-8)`. */
export const enrolRequest = z
  .strictObject({
    secret: z.string().min(16).max(100),
    name: z.string().min(1).max(100),
    os: z.string().max(100),
    agentVersion: z.string().max(40),
    peerId,
    signingKey: publicKey,
    boxKey: publicKey,
    proof: signature,
  })
  .meta({ id: 'EnrolRequest' });
export type EnrolRequest = z.infer<typeof enrolRequest>;

export const enrolResponse = z.strictObject({ deviceId, teamDocument, roster: signedStatement }).meta({ id: 'EnrolResponse' });
export type EnrolResponse = z.infer<typeof enrolResponse>;

/** Device token: ask for a challenge, sign `"holdfast/token/1" + NUL + nonce (UTF-8)`, get a bearer token (15 min). */
export const tokenChallengeRequest = z.strictObject({ deviceId }).meta({ id: 'TokenChallengeRequest' });
export const tokenChallenge = z.strictObject({ nonce: z.string() }).meta({ id: 'TokenChallenge' });
export const tokenRequest = z.strictObject({ deviceId, nonce: z.string().max(200), signature }).meta({ id: 'TokenRequest' });
export const tokenResponse = z.strictObject({ token: z.string(), expiresAtMs: timeMs }).meta({ id: 'TokenResponse' });
export type TokenResponse = z.infer<typeof tokenResponse>;

export const heartbeat = z
  .strictObject({
    addresses: z.array(z.string().max(300)).max(32),
    agentVersion: z.string().max(40),
    timeMs,
    /** Bytes free on the disk that holds packs, and what the reserve leaves of it for new packs of others. */
    freeBytes: sizeBytes,
    availableForPacksBytes: sizeBytes,
    heldBytes: sizeBytes,
    heldPacks: count,
    /**
     * Bytes of held packs that this device would be rid of, since its disk has less free than the reserve or it holds more than its pledge. It deletes
     * nothing for that. Absent: none, or an agent that does not know of it.
     */
    toGiveBackBytes: sizeBytes.optional(),
    vaultId: vaultId.optional(),
    /** Sent once before going to sleep or shutting down cleanly. */
    leaving: z.boolean().default(false),
    /** The newest statement `memory` that this device was given, null: none yet. Absent: an agent that knows nothing of them. */
    memory: signedStatement.nullable().optional(),
    /** The newest bundle of the coordinator that this device keeps, null: none. Absent: an agent that keeps none. */
    bundle: bundleDigest.nullable().optional(),
  })
  .meta({ id: 'Heartbeat' });
export type Heartbeat = z.infer<typeof heartbeat>;

export const heartbeatReply = z
  .strictObject({
    timeMs,
    rosterVersion: z.int(),
    policyVersion: z.int(),
    openJobs: count,
    /** Seconds until the next heartbeat is due. */
    intervalSeconds: z.number().positive(),
    /** Only for who sent `memory`: the statement to keep, and whether the device is to tell everything again. */
    memory: z.strictObject({ statement: signedStatement, report: z.boolean() }).optional(),
    /** Only for who sent `bundle`. */
    bundle: bundleWish.optional(),
  })
  .meta({ id: 'HeartbeatReply' });
export type HeartbeatReply = z.infer<typeof heartbeatReply>;

/** Messages of the agent channel (server-sent events at `/api/v1/agent/events`): hints only, the state is fetched. */
export const agentEvent = z.discriminatedUnion('event', [
  z.strictObject({ event: z.literal('hello'), timeMs }),
  z.strictObject({ event: z.literal('jobs') }),
  z.strictObject({ event: z.literal('roster'), version: z.int() }),
  z.strictObject({ event: z.literal('policy'), version: z.int() }),
  z.strictObject({ event: z.literal('receipts') }),
  z.strictObject({ event: z.literal('releases') }),
  z.strictObject({ event: z.literal('audits') }),
]);
export type AgentEvent = z.infer<typeof agentEvent>;

/** Vault header as stored bytes: the coordinator keeps it and can't open it. */
export const putVaultHeader = z.strictObject({ vaultId, header: base64Url(256 * 1024) }).meta({ id: 'PutVaultHeader' });
export type PutVaultHeader = z.infer<typeof putVaultHeader>;
