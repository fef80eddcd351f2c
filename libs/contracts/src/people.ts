import { z } from 'zod';
import { count, deviceId, publicKey, timeMs } from './common.ts';
import { password } from './team.ts';

export const role = z.enum(['owner', 'admin', 'restore-operator', 'auditor']);
export type Role = z.infer<typeof role>;

export const signIn = z.strictObject({ email: z.string().max(200), password: z.string().max(1024) }).meta({ id: 'SignIn' });
export type SignIn = z.infer<typeof signIn>;
/** A single-use sign-in ticket (the demo prints one; an operator makes one with `holdfast-coordinator login-link`). */
export const signInWithTicket = z.strictObject({ ticket: z.string().max(200) }).meta({ id: 'SignInWithTicket' });

/** `csrfToken` goes into the header `x-holdfast-csrf` of every state-changing call. */
export const session = z
  .strictObject({
    user: z.strictObject({ userId: z.uuid(), email: z.string(), name: z.string(), role }),
    team: z.strictObject({ teamId: z.uuid(), name: z.string(), recoveryKey: publicKey, rootKey: publicKey }),
    csrfToken: z.string(),
    expiresAtMs: timeMs,
  })
  .meta({ id: 'Session' });
export type Session = z.infer<typeof session>;

/** An account of the panel, as other accounts see it. */
export const account = z
  .strictObject({ userId: z.uuid(), email: z.string(), name: z.string(), role, createdAtMs: timeMs })
  .meta({ id: 'Account' });
export type Account = z.infer<typeof account>;

export const createAccount = z
  .strictObject({ email: z.email().max(200), name: z.string().min(1).max(100), role, password })
  .meta({ id: 'CreateAccount' });
export type CreateAccount = z.infer<typeof createAccount>;

export const createJoinLink = z
  .strictObject({
    /** Minutes until it expires: 15 by default, at most 30 days. */
    ttlMinutes: z.int().min(1).max(43_200).default(15),
    uses: z.int().min(1).max(10_000).default(1),
    site: z.string().max(100).default('office'),
    class: z.enum(['workstation', 'anchor']).default('workstation'),
  })
  .meta({ id: 'CreateJoinLink' });
export type CreateJoinLink = z.infer<typeof createJoinLink>;

/** `url` (`holdfast://host:port/#secret.fingerprint`) is shown once, at creation. */
export const joinLink = z
  .strictObject({
    joinLinkId: z.uuid(),
    url: z.string().optional(),
    createdAtMs: timeMs,
    expiresAtMs: timeMs,
    uses: count,
    usesLeft: count,
    state: z.enum(['open', 'used', 'expired', 'revoked']),
    site: z.string(),
    class: z.enum(['workstation', 'anchor']),
  })
  .meta({ id: 'JoinLink' });
export type JoinLink = z.infer<typeof joinLink>;

export const auditEntry = z
  .strictObject({
    sequence: z.int(),
    atMs: timeMs,
    actor: z.string(),
    action: z.string(),
    subject: z.string(),
    detail: z.record(z.string(), z.unknown()),
    /** Hex BLAKE3 of the previous entry's hash and this entry. */
    hash: z.string(),
    deviceId: deviceId.optional(),
  })
  .meta({ id: 'AuditEntry' });
export type AuditEntry = z.infer<typeof auditEntry>;
