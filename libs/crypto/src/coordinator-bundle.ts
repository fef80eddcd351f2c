import type { Bundle, SignedStatement } from '#libs/contracts';
import { bundle as bundleSchema, coordinatorCertificate, maxSealedBundleBytes } from '#libs/contracts';
import { fromBase64Url, isAppError, toBase64Url } from '#libs/kernel';
import { openBox, sealedBoxOverhead, sealToBox } from './box-keys.ts';
import { CryptoError } from './crypto-error.ts';
import { sha256 } from './loaded-parts.ts';
import { openStatement, peekStatement, signStatement } from './signed-statement.ts';
import type { TeamKeys } from './team-keys.ts';

export type BundleFacts = Pick<Bundle, 'teamId' | 'madeAtMs' | 'rosterVersion' | 'certificate'>;

/**
 * Seals what a coordinator knows to the team's recovery key and signs the whole (docs/spec/bundle.md): whoever keeps it can check who made it and read
 * none of it. Throws `bad_bundle` when `content` is longer than a bundle may be.
 */
export function sealBundle(
  content: Uint8Array,
  facts: BundleFacts,
  recoveryKey: Uint8Array,
  coordinatorSecretKey: Uint8Array,
): SignedStatement {
  if (content.length + sealedBoxOverhead > maxSealedBundleBytes)
    throw new CryptoError('bad_bundle', 'what the coordinator knows is too long for a bundle', { context: { bytes: content.length } });
  const { teamId, madeAtMs, rosterVersion, certificate } = facts;
  const sealed = toBase64Url(sealToBox(recoveryKey, content));
  return signStatement(
    'bundle',
    { version: 1, teamId, madeAtMs, rosterVersion, certificate, sealed } satisfies Bundle,
    coordinatorSecretKey,
  );
}

/** Names one bundle: SHA-256 of its payload bytes, base64url. Throws `bad_bundle`. */
export function bundleDigestOf(statement: SignedStatement): string {
  try {
    return toBase64Url(sha256(fromBase64Url(statement.payload)));
  } catch (cause) {
    throw bad('is not a whole file', cause);
  }
}

/** For who keeps one: whether this team's coordinator made it. Throws `bad_bundle`, `other_team`. */
export function checkBundle(statement: SignedStatement, teamId: string, coordinatorKey: Uint8Array): Bundle {
  return bodyOf(() => openStatement('bundle', statement, coordinatorKey), teamId);
}

/**
 * Opens one with the recovery kit. Who made it is proved by the team root alone: it certified the key that signed. Whether that certificate is still valid is
 * not asked, since the bundle is what a team has left. Throws `bad_bundle` (torn, altered, forged, an unknown version) and `other_team`.
 */
export function openBundle(
  statement: SignedStatement,
  keys: TeamKeys,
): { readonly facts: Bundle; readonly coordinatorKey: Uint8Array; readonly content: Uint8Array } {
  const claimed = bodyOf(() => peekStatement('bundle', statement), keys.teamId);
  const coordinatorKey = certifiedKey(claimed.certificate, keys);
  const facts = checkBundle(statement, keys.teamId, coordinatorKey);
  try {
    return { facts, coordinatorKey, content: openBox(fromBase64Url(facts.sealed), keys.recovery) };
  } catch (cause) {
    if (isAppError(cause)) throw bad('is not sealed to this recovery kit', cause);
    throw cause;
  }
}

function certifiedKey(certificate: SignedStatement, keys: TeamKeys): Uint8Array {
  try {
    const body = coordinatorCertificate.parse(openStatement('coordinator-certificate', certificate, keys.root.publicKey));
    if (body.teamId === keys.teamId) return fromBase64Url(body.coordinatorKey);
  } catch (cause) {
    throw bad('was not made by a coordinator of this team', cause);
  }
  throw bad('was not made by a coordinator of this team');
}

function bodyOf(open: () => unknown, teamId: string): Bundle {
  let body: unknown;
  try {
    body = open();
  } catch (cause) {
    throw bad(
      isAppError(cause, 'bad_signature') ? 'was not signed by the coordinator, or was altered since' : 'is not a whole file',
      cause,
    );
  }
  if (typeof body === 'object' && body !== null && 'version' in body && body.version !== 1)
    throw new CryptoError('bad_bundle', 'the bundle is of a version that this program does not know', { nextStep: 'Update Holdfast.' });
  const parsed = bundleSchema.safeParse(body);
  if (!parsed.success) throw bad('does not say what a bundle says');
  if (parsed.data.teamId === teamId) return parsed.data;
  throw new CryptoError('other_team', 'the bundle is of another team', {
    context: { teamId: parsed.data.teamId },
    nextStep: 'Use the recovery kit of the team that the bundle is of, or a bundle from a device of this team.',
  });
}

const bad = (what: string, cause?: unknown): CryptoError =>
  new CryptoError('bad_bundle', `the bundle ${what}`, {
    cause,
    nextStep: 'Take one from another device: "holdfast coordinator bundle FILE" on any that keeps one.',
  });
