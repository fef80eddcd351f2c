import { readFileSync } from 'node:fs';
import { beforeAll, describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import type { SignedStatement } from '#libs/contracts';
import { signedStatement } from '#libs/contracts';
import { fromHex, toBase64Url, utf8 } from '#libs/kernel';
import { seededRandom } from '#libs/kernel/testing';
import {
  cryptoReady,
  maxStatementPayloadBytes,
  newSigningKeyPair,
  openStatement,
  peekStatement,
  sign,
  signingKeyPairFromSeed,
  signStatement,
} from './index.ts';
import type { SigningKeyPair } from './index.ts';

const golden = (
  JSON.parse(readFileSync(new URL('vectors/keys.json', import.meta.url), 'utf8')) as {
    statement: { seed: string; body: unknown; statement: SignedStatement };
  }
).statement;
const random = seededRandom(815);
let pair: SigningKeyPair;
beforeAll(async () => {
  await cryptoReady();
  pair = newSigningKeyPair(random);
});
const code = (expected: string): unknown => expect.objectContaining({ name: 'CryptoError', code: expected });

describe('signed statements', () => {
  it('are the golden bytes', () => {
    const key = signingKeyPairFromSeed(fromHex(golden.seed));
    expect(signStatement('receipt', golden.body, key.secretKey)).toEqual(golden.statement);
    expect(openStatement('receipt', golden.statement, key.publicKey)).toEqual(golden.body);
  });

  it('give back any JSON body, and fit the contract', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (body) => {
        const statement = signStatement('roster', body, pair.secretKey);
        expect(signedStatement.parse(statement)).toEqual(statement);
        expect(JSON.stringify(openStatement('roster', statement, pair.publicKey))).toBe(JSON.stringify(body));
        expect(JSON.stringify(peekStatement('roster', statement))).toBe(JSON.stringify(body));
      }),
    );
  });

  it('open for their own type and key only', () => {
    const statement = signStatement('team', { a: 1 }, pair.secretKey);
    expect(() => openStatement('roster', statement, pair.publicKey)).toThrow(code('bad_statement'));
    // Renaming the type is not enough: it is signed.
    expect(() => openStatement('roster', { ...statement, type: 'roster' }, pair.publicKey)).toThrow(code('bad_signature'));
    expect(() => openStatement('team', statement, newSigningKeyPair(random).publicKey)).toThrow(code('bad_signature'));
    expect(() => openStatement('team', { ...statement, payload: toBase64Url(utf8('{"a":2}')) }, pair.publicKey)).toThrow(
      code('bad_signature'),
    );
  });

  it('never parse what was not signed', () => {
    const notJson = {
      type: 'team',
      payload: toBase64Url(utf8('{not json')),
      signature: signStatement('team', 1, pair.secretKey).signature,
    };
    expect(() => openStatement('team', notJson, pair.publicKey)).toThrow(code('bad_signature'));
  });

  it.each<[string, Uint8Array]>([
    ['not JSON', utf8('{secret')],
    ['not UTF-8', Uint8Array.of(0x22, 0xff, 0x22)],
    ['with a byte order mark', utf8('\uFEFF{}')],
    ['empty', new Uint8Array(0)],
  ])('refuse a signed body that is %s, without quoting it', (_, payload) => {
    const statement = { type: 'team', payload: toBase64Url(payload), signature: toBase64Url(sign('team', payload, pair.secretKey)) };
    expect(() => openStatement('team', statement, pair.publicKey)).toThrow(code('bad_statement'));
    expect(() => openStatement('team', statement, pair.publicKey)).not.toThrow(/secret/);
  });

  it.each<[string, unknown]>([
    ['null', null],
    ['a string', 'statement'],
    ['an empty object', {}],
    ['numbers inside', { type: 'team', payload: 1, signature: 2 }],
    ['a payload that is not base64url', { type: 'team', payload: 'e30=', signature: 'A'.repeat(86) }],
    ['a payload with a line break', { type: 'team', payload: 'e30\n', signature: 'A'.repeat(86) }],
    ['a short signature', { type: 'team', payload: 'e30', signature: 'A'.repeat(85) }],
    ['an endless signature', { type: 'team', payload: 'e30', signature: 'A'.repeat(1e6) }],
    [
      'a payload over the limit',
      { type: 'team', payload: 'A'.repeat(Math.ceil((maxStatementPayloadBytes * 4) / 3) + 1), signature: 'A'.repeat(86) },
    ],
  ])('refuse %s', (_, statement) => {
    expect(() => openStatement('team', statement as SignedStatement, pair.publicKey)).toThrow(code('bad_statement'));
  });

  it('are not made of what is no JSON or too long', () => {
    expect(() => signStatement('team', undefined, pair.secretKey)).toThrow(code('bad_statement'));
    expect(() => signStatement('team', 'x'.repeat(maxStatementPayloadBytes), pair.secretKey)).toThrow(code('bad_statement'));
    const longest = signStatement('team', 'x'.repeat(maxStatementPayloadBytes - 2), pair.secretKey);
    expect(openStatement('team', longest, pair.publicKey)).toHaveLength(maxStatementPayloadBytes - 2);
  });
});
