import { readFileSync } from 'node:fs';
import { beforeAll, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { SignedStatement } from '#libs/contracts';
import { fromBase64Url, fromHex, systemRandom, toBase64Url, utf8 } from '#libs/kernel';
import type { SigningKeyPair, TeamKeys } from './index.ts';
import {
  boxKeyPairFromSecretKey,
  bundleDigestOf,
  checkBundle,
  cryptoReady,
  newBoxKeyPair,
  newSigningKeyPair,
  openBundle,
  renewCoordinatorCertificate,
  sealBundle,
  signStatement,
  signingKeyPairFromSeed,
} from './index.ts';

interface Vectors {
  readonly teamId: string;
  readonly seeds: { readonly root: string; readonly coordinator: string };
  readonly recoverySecretKey: string;
  readonly statement: SignedStatement;
  readonly digest: string;
  /** Hex of the bytes that are sealed. */
  readonly content: string;
  readonly madeAtMs: number;
  readonly rosterVersion: number;
}
const vectors = JSON.parse(readFileSync(new URL('vectors/bundle.json', import.meta.url), 'utf8')) as Vectors;

let keys: TeamKeys;
let coordinator: SigningKeyPair;
const content = utf8('what a coordinator knows');
const code = (expected: string): unknown => expect.objectContaining({ code: expected });
const newKeys = (teamId = '4f6f2a39-4c92-4d6b-8d3e-0d9d3d4f1a10'): TeamKeys => ({
  ...{ teamId, name: 'T', createdAtMs: 1, root: newSigningKeyPair(systemRandom), recovery: newBoxKeyPair(systemRandom) },
});
const seal = (by: TeamKeys = keys, key: SigningKeyPair = coordinator): SignedStatement => {
  const certificate = renewCoordinatorCertificate(by, key.publicKey, 1);
  return sealBundle(content, { teamId: by.teamId, madeAtMs: 5, rosterVersion: 7, certificate }, by.recovery.publicKey, key.secretKey);
};

describe('the bundle of a coordinator', () => {
  beforeAll(async () => {
    await cryptoReady();
    keys = newKeys();
    coordinator = newSigningKeyPair(systemRandom);
  });

  it('of long ago still opens (golden vector)', () => {
    const old: TeamKeys = {
      ...{ teamId: vectors.teamId, name: 'Workshop', createdAtMs: 1 },
      root: signingKeyPairFromSeed(fromHex(vectors.seeds.root)),
      recovery: boxKeyPairFromSecretKey(fromHex(vectors.recoverySecretKey)),
    };
    const opened = openBundle(vectors.statement, old);
    expect(opened.content).toEqual(fromHex(vectors.content));
    expect(opened.coordinatorKey).toEqual(signingKeyPairFromSeed(fromHex(vectors.seeds.coordinator)).publicKey);
    expect(opened.facts).toMatchObject({ madeAtMs: vectors.madeAtMs, rosterVersion: vectors.rosterVersion });
    expect(bundleDigestOf(vectors.statement)).toBe(vectors.digest);
  });

  it('opens with the recovery kit of its team, and shows its keepers who made it', () => {
    expect(openBundle(seal(), keys)).toMatchObject({
      content,
      coordinatorKey: coordinator.publicKey,
      facts: { madeAtMs: 5, rosterVersion: 7 },
    });
    expect(checkBundle(seal(), keys.teamId, coordinator.publicKey)).toMatchObject({ teamId: keys.teamId });
  });

  it('of another team is told from one that is forged', () => {
    expect(() => openBundle(seal(newKeys('11111111-1111-4111-8111-111111111111')), keys)).toThrow(code('other_team'));
    // The same team by its id, but by a root that is not this kit's.
    expect(() => openBundle(seal(newKeys()), keys)).toThrow(code('bad_bundle'));
    const stranger = newSigningKeyPair(systemRandom);
    expect(() => checkBundle(seal(keys, stranger), keys.teamId, coordinator.publicKey)).toThrow(code('bad_bundle'));
    // A genuine certificate, and another's signature.
    const body = JSON.parse(new TextDecoder().decode(fromBase64Url(seal().payload))) as unknown;
    expect(() => openBundle(signStatement('bundle', body, stranger.secretKey), keys)).toThrow(code('bad_bundle'));
  });

  it('sealed to somebody else is refused, though the coordinator signed it', () => {
    const certificate = renewCoordinatorCertificate(keys, coordinator.publicKey, 1);
    const facts = { teamId: keys.teamId, madeAtMs: 5, rosterVersion: 7, certificate };
    const statement = sealBundle(content, facts, newBoxKeyPair(systemRandom).publicKey, coordinator.secretKey);
    expect(() => openBundle(statement, keys)).toThrow(code('bad_bundle'));
  });

  it('opens also when the certificate has ended: it is what the team has left', () => {
    const certificate = renewCoordinatorCertificate(keys, coordinator.publicKey, 1, 1);
    const facts = { teamId: keys.teamId, madeAtMs: Date.UTC(2040, 0), rosterVersion: 7, certificate };
    expect(openBundle(sealBundle(content, facts, keys.recovery.publicKey, coordinator.secretKey), keys).content).toEqual(content);
  });

  it('of a version to come asks for an update', () => {
    const body = { ...(JSON.parse(new TextDecoder().decode(fromBase64Url(seal().payload))) as object), version: 2 };
    expect(() => openBundle(signStatement('bundle', body, coordinator.secretKey), keys)).toThrow(
      expect.objectContaining({ code: 'bad_bundle', nextStep: 'Update Holdfast.' }),
    );
  });

  it('of which what is sealed is cut short is refused, though the coordinator signed it', () => {
    const body = JSON.parse(new TextDecoder().decode(fromBase64Url(seal().payload))) as object;
    for (const sealed of ['', 'x', 'xx'])
      expect(() => openBundle(signStatement('bundle', { ...body, sealed }, coordinator.secretKey), keys)).toThrow(code('bad_bundle'));
  });

  it('is refused with one altered byte, wherever it is', () => {
    const statement = seal();
    const payload = fromBase64Url(statement.payload);
    fc.assert(
      fc.property(fc.nat(payload.length - 1), fc.integer({ min: 1, max: 255 }), (at, by) => {
        const altered = payload.slice();
        altered[at]! ^= by;
        expect(() => openBundle({ ...statement, payload: toBase64Url(altered) }, keys)).toThrow(
          expect.objectContaining({ code: expect.stringMatching(/^(bad_bundle|other_team)$/) }),
        );
      }),
      { numRuns: 200 },
    );
    expect(() => openBundle({ ...statement, payload: statement.payload.slice(0, -40) }, keys)).toThrow(code('bad_bundle'));
  });

  it('that would be too long is not made', () => {
    const facts = {
      teamId: keys.teamId,
      madeAtMs: 5,
      rosterVersion: 7,
      certificate: renewCoordinatorCertificate(keys, coordinator.publicKey, 1),
    };
    const make = (bytes: number) => sealBundle(new Uint8Array(bytes), facts, keys.recovery.publicKey, coordinator.secretKey);
    expect(() => make(3 * 1024 * 1024)).toThrow(code('bad_bundle'));
    expect(openBundle(make(3 * 1024 * 1024 - 16 * 1024 - 48), keys).content.length).toBe(3 * 1024 * 1024 - 16 * 1024 - 48);
  });
});
