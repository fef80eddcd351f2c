import type { CoordinatorCertificate, SignedStatement, TeamDocument, TeamStatement } from '#libs/contracts';
import { coordinatorCertificate, teamStatement } from '#libs/contracts';
import type { RandomSource } from '#libs/kernel';
import { fromBase64Url, systemRandom, toBase64Url, toHex } from '#libs/kernel';
import type { BoxKeyPair } from './box-keys.ts';
import { newBoxKeyPair } from './box-keys.ts';
import { CryptoError } from './crypto-error.ts';
import type { PassphraseCost } from './passphrase-cost.ts';
import { sealRecoveryKit } from './recovery-kit.ts';
import { constantTimeEqual, requireLength, wipe } from './secret-bytes.ts';
import { openStatement, peekStatement, signStatement } from './signed-statement.ts';
import type { SigningKeyPair } from './signing-keys.ts';
import { newSigningKeyPair } from './signing-keys.ts';

/** Everything that the recovery kit holds. The two secret halves exist only there, and in memory while it is open. */
export interface TeamKeys {
  readonly teamId: string;
  readonly name: string;
  readonly createdAtMs: number;
  /** Certifies the coordinator key. */
  readonly root: SigningKeyPair;
  /** Every vault has a key slot sealed to it. */
  readonly recovery: BoxKeyPair;
}

/** One year, and a day for those who renew on the date. */
export const coordinatorCertificateLifetimeMs = 366 * 24 * 60 * 60 * 1000;
/** Clocks of a coordinator and its agents may differ by this much. */
export const certificateClockSkewMs = 10 * 60 * 1000;

export interface CreateTeam {
  readonly name: string;
  readonly passphrase: string;
  /** Ed25519 public key that the coordinator made for itself. */
  readonly coordinatorKey: Uint8Array;
  readonly nowMs: number;
  readonly random?: RandomSource;
  readonly cost?: PassphraseCost;
}

/** Makes a team: its keys, the two statements signed by its root, and the recovery kit (text of a file) under the passphrase. */
export async function createTeam(input: CreateTeam): Promise<{ keys: TeamKeys; teamDocument: TeamDocument; recoveryKit: string }> {
  const random = input.random ?? systemRandom;
  const keys: TeamKeys = {
    teamId: newTeamId(random),
    name: input.name,
    createdAtMs: input.nowMs,
    root: newSigningKeyPair(random),
    recovery: newBoxKeyPair(random),
  };
  const teamDocument = { team: signTeam(keys), coordinator: renewCoordinatorCertificate(keys, input.coordinatorKey, input.nowMs) };
  const recoveryKit = await sealRecoveryKit(keys, input.passphrase, { random, ...(input.cost && { cost: input.cost }) });
  return { keys, teamDocument, recoveryKit };
}

/** The `team` statement. Depends on nothing but the keys, so a lost one is made again from the kit, byte for byte. */
export function signTeam(keys: TeamKeys): SignedStatement {
  const body: TeamStatement = {
    teamId: keys.teamId,
    name: keys.name,
    rootKey: toBase64Url(keys.root.publicKey),
    recoveryKey: toBase64Url(keys.recovery.publicKey),
    createdAtMs: keys.createdAtMs,
  };
  if (!teamStatement.safeParse(body).success)
    throw new CryptoError('bad_statement', 'a team needs a name of 1 to 100 characters and a valid date');
  return signStatement('team', body, keys.root.secretKey);
}

/** A `coordinator-certificate` for `coordinatorKey`, valid from `nowMs` (less the clock skew) for `lifetimeMs` (default one year). */
export function renewCoordinatorCertificate(
  keys: TeamKeys,
  coordinatorKey: Uint8Array,
  nowMs: number,
  lifetimeMs: number = coordinatorCertificateLifetimeMs,
): SignedStatement {
  requireLength('coordinator public key', coordinatorKey, 32);
  const body: CoordinatorCertificate = {
    teamId: keys.teamId,
    coordinatorKey: toBase64Url(coordinatorKey),
    notBeforeMs: Math.max(0, nowMs - certificateClockSkewMs),
    notAfterMs: nowMs + lifetimeMs,
  };
  return signStatement('coordinator-certificate', body, keys.root.secretKey);
}

/** A team document that was checked: keys as bytes. */
export interface VerifiedTeam {
  readonly teamId: string;
  readonly name: string;
  readonly createdAtMs: number;
  readonly rootKey: Uint8Array;
  readonly recoveryKey: Uint8Array;
  readonly coordinatorKey: Uint8Array;
  readonly certificateNotAfterMs: number;
}

/**
 * Checks both statements of a team document against one root: the one given, or at enrolment the one that the document
 * claims (then compare it with the join link: {@link checkJoinFingerprint}). Throws `bad_signature`, `bad_statement`,
 * or `certificate_expired` when the coordinator's certificate is not valid at `nowMs`.
 */
export function openTeamDocument(document: TeamDocument, nowMs: number, rootKey?: Uint8Array): VerifiedTeam {
  const claimed = teamStatement.safeParse(peekStatement('team', document.team));
  if (!claimed.success) throw new CryptoError('bad_statement', 'the team statement does not have the expected fields');
  const root = fromBase64Url(claimed.data.rootKey);
  if (rootKey && !constantTimeEqual(rootKey, root)) {
    throw new CryptoError('bad_signature', 'the team document is by another team root', {
      nextStep: 'Check that this is the coordinator of your own team.',
    });
  }
  openStatement('team', document.team, root);
  const certificate = coordinatorCertificate.safeParse(openStatement('coordinator-certificate', document.coordinator, root));
  if (!certificate.success || certificate.data.teamId !== claimed.data.teamId) {
    throw new CryptoError('bad_statement', 'the coordinator certificate is not for this team');
  }
  const { coordinatorKey, notBeforeMs, notAfterMs } = certificate.data;
  if (nowMs + certificateClockSkewMs < notBeforeMs || nowMs > notAfterMs) {
    throw new CryptoError('certificate_expired', "the coordinator's certificate is not valid at this time", {
      context: { notBeforeMs, notAfterMs, nowMs },
      nextStep: 'Check the clock of this machine; if it is right, an admin renews the certificate with the recovery kit.',
    });
  }
  return {
    teamId: claimed.data.teamId,
    name: claimed.data.name,
    createdAtMs: claimed.data.createdAtMs,
    rootKey: root,
    recoveryKey: fromBase64Url(claimed.data.recoveryKey),
    coordinatorKey: fromBase64Url(coordinatorKey),
    certificateNotAfterMs: notAfterMs,
  };
}

/** Overwrites the two secret halves. */
export function wipeTeamKeys(keys: TeamKeys): void {
  wipe(keys.root.secretKey, keys.recovery.secretKey);
}

/** UUID version 4 (RFC 9562) from the given source. */
function newTeamId(random: RandomSource): string {
  const bytes = random.bytes(16);
  bytes[6] = (bytes[6]! & 0x0f) | 0x40;
  bytes[8] = (bytes[8]! & 0x3f) | 0x80;
  const hex = toHex(bytes);
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}
