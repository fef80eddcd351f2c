import { z } from 'zod';
import { base64Url, deviceId, peerId, publicKey, signedStatement, timeMs } from './common.ts';

/** Body of the statement `coordinator-certificate`, signed by the team root. */
export const coordinatorCertificate = z.strictObject({
  teamId: z.uuid(),
  coordinatorKey: publicKey,
  notBeforeMs: timeMs,
  notAfterMs: timeMs,
});
export type CoordinatorCertificate = z.infer<typeof coordinatorCertificate>;

/** Body of the statement `team`, signed by the team root: what a device needs to trust the rest. */
export const teamStatement = z.strictObject({
  teamId: z.uuid(),
  name: z.string().min(1).max(100),
  rootKey: publicKey,
  /** X25519 public key to which every vault seals a key slot. */
  recoveryKey: publicKey,
  createdAtMs: timeMs,
});
export type TeamStatement = z.infer<typeof teamStatement>;

/** What an agent learns of its team; every part is checked against the fingerprint in the join link. */
export const teamDocument = z.strictObject({ team: signedStatement, coordinator: signedStatement }).meta({ id: 'TeamDocument' });
export type TeamDocument = z.infer<typeof teamDocument>;

export const deviceClass = z.enum(['workstation', 'anchor', 'coordinator']);
export type DeviceClass = z.infer<typeof deviceClass>;

export const rosterMember = z.strictObject({
  deviceId,
  peerId,
  name: z.string().max(100),
  site: z.string().max(100),
  class: deviceClass,
  state: z.enum(['active', 'draining', 'revoked']),
  /** Ed25519 key that signs receipts and heads; its peer id is `peerId`. */
  signingKey: publicKey,
  /** X25519 key for sealed grants. */
  boxKey: publicKey,
  /** Multiaddrs last reported by the device. */
  addresses: z.array(z.string().max(300)).max(32),
});
export type RosterMember = z.infer<typeof rosterMember>;

/** Body of the statement `roster`, signed by the coordinator key. `version` only grows. */
export const roster = z.strictObject({
  teamId: z.uuid(),
  version: z.int().min(1),
  issuedAtMs: timeMs,
  members: z.array(rosterMember).max(20_000),
});
export type Roster = z.infer<typeof roster>;

/** First start: what the browser (which makes the team's keys) sends. The private halves never leave it. */
export const setupInfo = z.strictObject({ needed: z.boolean(), coordinatorKey: publicKey.optional() }).meta({ id: 'SetupInfo' });
export type SetupInfo = z.infer<typeof setupInfo>;

export const password = z.string().min(10, 'must have at least 10 characters').max(1024);
export const setupRequest = z
  .strictObject({
    token: base64Url(64),
    account: z.strictObject({ email: z.email().max(200), name: z.string().min(1).max(100), password }),
    teamDocument,
    /** The person has stored the recovery kit and proved it by opening it again. */
    kitConfirmed: z.literal(true),
  })
  .meta({ id: 'SetupRequest' });
export type SetupRequest = z.infer<typeof setupRequest>;
