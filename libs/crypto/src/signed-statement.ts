import type { SignedStatement } from '#libs/contracts';
import { fromBase64Url, toBase64Url, utf8 } from '#libs/kernel';
import { CryptoError } from './crypto-error.ts';
import { sign, signingKeySizes, verify } from './signing-keys.ts';

/** A roster of 20,000 members fits; nothing longer is decoded. */
export const maxStatementPayloadBytes = 4 * 1024 * 1024;
const maxPayloadCharacters = Math.ceil((maxStatementPayloadBytes * 4) / 3);

/**
 * Signs a JSON body for one purpose (see {@link sign} for the bytes). The text travels as signed, so nothing needs
 * a canonical form. Throws `bad_statement` when the body can't be JSON or is longer than 4 MiB.
 */
export function signStatement(type: string, body: unknown, secretKey: Uint8Array): SignedStatement {
  const text = JSON.stringify(body) as string | undefined;
  if (text === undefined) throw new CryptoError('bad_statement', 'the body of a statement must be a JSON value', { context: { type } });
  const payload = utf8(text);
  if (payload.length > maxStatementPayloadBytes)
    throw new CryptoError('bad_statement', 'the body of the statement is too long', { context: { type, bytes: payload.length } });
  return { type, payload: toBase64Url(payload), signature: toBase64Url(sign(type, payload, secretKey)) };
}

/**
 * Checks type, size and signature, and only then parses. The body is whatever the signer wrote: parse it with its schema
 * from libs/contracts. Throws `bad_statement` (wrong type, shape, size or not JSON) or `bad_signature`.
 */
export function openStatement(type: string, statement: SignedStatement, publicKey: Uint8Array): unknown {
  const { payload, signature } = decodeStatement(type, statement);
  if (!verify(type, payload, signature, publicKey)) {
    throw new CryptoError('bad_signature', `the signature of the statement "${type}" is not by the expected key`, {
      context: { type },
      nextStep: 'Do not trust what it says; fetch it again, and check who sent it.',
    });
  }
  return parseBody(type, payload);
}

/**
 * The body without any check of who signed it: only to learn which key it claims, before {@link openStatement} with that key.
 * Throws `bad_statement`.
 */
export function peekStatement(type: string, statement: SignedStatement): unknown {
  return parseBody(type, decodeStatement(type, statement).payload);
}

function decodeStatement(type: string, statement: SignedStatement): { payload: Uint8Array; signature: Uint8Array } {
  const bad = (message: string): CryptoError => new CryptoError('bad_statement', message, { context: { type } });
  // It may come from anywhere: the type says what it should be, not what it is.
  const untrusted: unknown = statement;
  if (typeof untrusted !== 'object' || untrusted === null) throw bad('not a signed statement');
  const { type: actual, payload, signature } = untrusted as Partial<Record<keyof SignedStatement, unknown>>;
  if (actual !== type) throw bad(`expected a statement of type "${type}"`);
  if (typeof payload !== 'string' || typeof signature !== 'string') throw bad('the statement has no payload or signature');
  if (payload.length > maxPayloadCharacters || signature.length !== 86) throw bad('the statement has a wrong size');
  try {
    const decoded = { payload: fromBase64Url(payload), signature: fromBase64Url(signature) };
    if (decoded.signature.length !== signingKeySizes.signature) throw bad('the signature has a wrong size');
    return decoded;
  } catch (cause) {
    if (cause instanceof CryptoError) throw cause;
    throw bad('the statement is not base64url');
  }
}

function parseBody(type: string, payload: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(payload));
  } catch {
    // The parser's own message may quote the text.
    throw new CryptoError('bad_statement', `the body of the statement "${type}" is not JSON`, { context: { type } });
  }
}
