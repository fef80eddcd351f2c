import type { Release, ReleaseCancel, ReleaseConfirm, ReleaseCountersign, SignedStatement } from '#libs/contracts';
import { release as releaseSchema, releaseCancel, releaseConfirm, releaseCountersign } from '#libs/contracts';
import { fromBase64Url, toBase64Url } from '#libs/kernel';
import type { z } from 'zod';
import { CryptoError } from './crypto-error.ts';
import { sha256 } from './loaded-parts.ts';
import { openStatement, signStatement } from './signed-statement.ts';

/** Who a holder believes about one vault: keys as bytes. */
export interface ReleaseKeys {
  readonly teamId: string;
  /** The owner's Ed25519 key as it was when the pack was stored, never one that arrived later. */
  readonly ownerKey: Uint8Array;
  readonly rootKey: Uint8Array;
  /** Certified by the team root. */
  readonly coordinatorKey: Uint8Array;
}

/** What every later statement is bound to: SHA-256 of the payload as it was signed, base64url. */
export function releaseHashOf(statement: SignedStatement): string {
  return toBase64Url(sha256(fromBase64Url(statement.payload)));
}

/** Signed by the owner's device key. Throws `bad_statement` when the body does not fit the contract. */
export function signRelease(body: Release, ownerSecretKey: Uint8Array): SignedStatement {
  return signStatement('release', checked(releaseSchema, body, 'release'), ownerSecretKey);
}

/** Signed by the team root for a vault whose owner is gone. */
export function signRootRelease(body: Release, rootSecretKey: Uint8Array): SignedStatement {
  return signStatement('root-release', checked(releaseSchema, body, 'root-release'), rootSecretKey);
}

/**
 * The body of a release, once its signature is checked: by the owner's key, or by the team root for the type `root-release`.
 * Throws `bad_signature`, `bad_statement` (also for another team's).
 */
export function openRelease(statement: SignedStatement, keys: Pick<ReleaseKeys, 'teamId' | 'ownerKey' | 'rootKey'>): Release {
  const byRoot = statement.type === 'root-release';
  const type = byRoot ? 'root-release' : 'release';
  const body = checked(releaseSchema, openStatement(type, statement, byRoot ? keys.rootKey : keys.ownerKey), type);
  if (body.teamId !== keys.teamId) throw bad(type, 'is of another team');
  if (new Set(body.packIds).size !== body.packIds.length) throw bad(type, 'names a pack twice');
  return body;
}

/** Signed by the coordinator over exactly this release. */
export function signCountersign(
  signed: SignedStatement,
  about: Release,
  more: Pick<ReleaseCountersign, 'holdMs' | 'atMs'>,
  secretKey: Uint8Array,
): SignedStatement {
  return signStatement('release-countersign', { ...bindingOf(signed, about), ...more } satisfies ReleaseCountersign, secretKey);
}

export function signCancel(signed: SignedStatement, about: Release, atMs: number, secretKey: Uint8Array): SignedStatement {
  return signStatement('release-cancel', { ...bindingOf(signed, about), atMs } satisfies ReleaseCancel, secretKey);
}

export function signConfirm(
  signed: SignedStatement,
  about: Release,
  more: Pick<ReleaseConfirm, 'holderDeviceId' | 'nonce' | 'packIds' | 'atMs'>,
  secretKey: Uint8Array,
): SignedStatement {
  return signStatement('release-confirm', { ...bindingOf(signed, about), ...more } satisfies ReleaseConfirm, secretKey);
}

/**
 * A release with both signatures: what a holder believes. Throws `bad_signature` or `bad_statement` unless the owner (or the root)
 * signed the release and the coordinator countersigned these very bytes.
 */
export function openCountersigned(
  signed: SignedStatement,
  countersign: SignedStatement,
  keys: ReleaseKeys,
): { readonly release: Release; readonly countersign: ReleaseCountersign } {
  const release = openRelease(signed, keys);
  const body = checked(releaseCountersign, openStatement('release-countersign', countersign, keys.coordinatorKey), 'release-countersign');
  assertBound('release-countersign', body, signed, release);
  return { release, countersign: body };
}

/** Throws unless the coordinator cancelled this very release. */
export function openCancel(cancel: SignedStatement, signed: SignedStatement, release: Release, coordinatorKey: Uint8Array): ReleaseCancel {
  const body = checked(releaseCancel, openStatement('release-cancel', cancel, coordinatorKey), 'release-cancel');
  assertBound('release-cancel', body, signed, release);
  return body;
}

/** Throws unless the coordinator confirmed this very release to this holder, in answer to this nonce. */
export function openConfirm(
  confirm: SignedStatement,
  signed: SignedStatement,
  release: Release,
  expected: Pick<ReleaseConfirm, 'holderDeviceId' | 'nonce'>,
  coordinatorKey: Uint8Array,
): ReleaseConfirm {
  const body = checked(releaseConfirm, openStatement('release-confirm', confirm, coordinatorKey), 'release-confirm');
  assertBound('release-confirm', body, signed, release);
  if (body.holderDeviceId !== expected.holderDeviceId) throw bad('release-confirm', 'is for another holder');
  if (body.nonce !== expected.nonce) throw bad('release-confirm', 'answers another question');
  return body;
}

const bindingOf = (signed: SignedStatement, { teamId, releaseId, vaultId }: Release) => ({
  teamId,
  releaseId,
  vaultId,
  releaseHash: releaseHashOf(signed),
});

function assertBound(type: string, body: Omit<ReleaseCancel, 'atMs'>, signed: SignedStatement, release: Release): void {
  const expected = bindingOf(signed, release);
  for (const field of ['teamId', 'releaseId', 'vaultId', 'releaseHash'] as const)
    if (body[field] !== expected[field]) throw bad(type, `is about another ${field}`);
}

function checked<T>(schema: z.ZodType<T>, body: unknown, type: string): T {
  const parsed = schema.safeParse(body);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw bad(type, `does not say what it must (${issue?.path.join('.')}: ${issue?.message})`);
}

const bad = (type: string, what: string): CryptoError =>
  new CryptoError('bad_statement', `the statement "${type}" ${what}`, { context: { type } });
