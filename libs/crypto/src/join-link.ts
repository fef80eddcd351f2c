import type { RandomSource } from '#libs/kernel';
import { concatBytes, fromBase64Url, toBase64Url, utf8 } from '#libs/kernel';
import { CryptoError } from './crypto-error.ts';
import { sha256 } from './loaded-parts.ts';
import { constantTimeEqual, requireLength } from './secret-bytes.ts';

/** `holdfast://host:port/#secret.fingerprint` in parts. */
export interface JoinLink {
  /** A DNS name, an IPv4 address, or an IPv6 address without its brackets. */
  readonly host: string;
  readonly port: number;
  /** Shown to the coordinator once, at enrolment. base64url, 16 to 100 characters. */
  readonly secret: string;
  /** See {@link joinFingerprint}: pins the coordinator's TLS certificate and the team's root. 43 characters. */
  readonly fingerprint: string;
}

const maxLinkCharacters = 600;
const secretSize = 24;
const dnsName = /^(?=.{1,253}$)[A-Za-z0-9_](?:[A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?(?:\.[A-Za-z0-9_](?:[A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?)*\.?$/;
const linkPattern = /^holdfast:\/\/(\[[^[\]/#]+\]|[^[\]/#:]+):([0-9]{1,5})\/?#([^.]+)\.([^.]+)$/i;

/** 24 random bytes as base64url (32 characters). */
export function newJoinSecret(random: RandomSource): string {
  return toBase64Url(random.bytes(secretSize));
}

/** Throws `bad_join_link` when a part can't be one. */
export function buildJoinLink(link: JoinLink): string {
  checkParts(link);
  const host = link.host.includes(':') ? `[${link.host}]` : link.host;
  return `holdfast://${host}:${link.port}/#${link.secret}.${link.fingerprint}`;
}

/** Takes what a person pasted: white space, also inside (mail programs wrap lines), is ignored. Throws `bad_join_link`. */
export function parseJoinLink(text: string): JoinLink {
  if (text.length > 2 * maxLinkCharacters) throw badLink('the join link is too long');
  const match = linkPattern.exec(text.replaceAll(/\s+/g, ''));
  if (!match) throw badLink('this is not a join link (holdfast://host:port/#secret.fingerprint)');
  const [, host = '', port = '', secret = '', fingerprint = ''] = match;
  const link = { host: host.startsWith('[') ? host.slice(1, -1) : host, port: Number(port), secret, fingerprint };
  checkParts(link);
  if (link.host.includes(':') !== host.startsWith('[')) throw badLink('the host of the join link is not valid');
  return link;
}

/** `https://host:port` of the coordinator's API. */
export function joinLinkOrigin(link: Pick<JoinLink, 'host' | 'port'>): string {
  return `https://${link.host.includes(':') ? `[${link.host}]` : link.host}:${link.port}`;
}

/** base64url(SHA-256(SHA-256(TLS certificate DER) ‖ team root public key)): 43 characters. */
export function joinFingerprint(tlsCertificateDerSha256: Uint8Array, rootKey: Uint8Array): string {
  requireLength('SHA-256 of the TLS certificate', tlsCertificateDerSha256, 32);
  requireLength('team root public key', rootKey, 32);
  return toBase64Url(sha256(concatBytes(tlsCertificateDerSha256, rootKey)));
}

/** Throws `fingerprint_mismatch` unless the certificate of this connection and this root are what the link promised. */
export function checkJoinFingerprint(fingerprint: string, tlsCertificateDerSha256: Uint8Array, rootKey: Uint8Array): void {
  if (constantTimeEqual(utf8(fingerprint), utf8(joinFingerprint(tlsCertificateDerSha256, rootKey)))) return;
  throw new CryptoError('fingerprint_mismatch', 'the coordinator that answered is not the one of the join link', {
    nextStep: 'Somebody may be in between, or the link is old: ask for a new join link.',
  });
}

function checkParts({ host, port, secret, fingerprint }: JoinLink): void {
  if (!isHost(host)) throw badLink('the host of the join link is not valid');
  if (!Number.isInteger(port) || port < 1 || port > 65_535) throw badLink('the port of the join link is not valid');
  if (!/^[A-Za-z0-9_-]{16,100}$/.test(secret)) throw badLink('the secret of the join link is not whole');
  if (!/^[A-Za-z0-9_-]{43}$/.test(fingerprint) || toBase64Url(fromBase64Url(fingerprint)) !== fingerprint)
    throw badLink('the fingerprint of the join link is not whole');
}

function isHost(host: string): boolean {
  if (host.length > 253) return false;
  if (!host.includes(':')) return dnsName.test(host);
  // The platform's own parser decides what an IPv6 address is.
  return /^[0-9A-Fa-f:.]+$/.test(host) && URL.canParse(`https://[${host}]/`);
}

function badLink(message: string): CryptoError {
  return new CryptoError('bad_join_link', message, { nextStep: 'Copy the whole join link again, or ask for a new one.' });
}
