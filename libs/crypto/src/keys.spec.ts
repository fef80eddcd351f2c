import { readFileSync } from 'node:fs';
import { Blake2BHasher, Blake2BParam } from '@napi-rs/blake-hash';
import { publicKeyFromRaw } from '@libp2p/crypto/keys';
import { peerIdFromPublicKey } from '@libp2p/peer-id';
import { beforeAll, describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import { fromHex, isPeerId, toHex, utf8 } from '#libs/kernel';
import { seededRandom } from '#libs/kernel/testing';
import {
  boxKeyPairFromSecretKey,
  constantTimeEqual,
  cryptoReady,
  deriveVaultKeys,
  newBoxKeyPair,
  newMasterKey,
  newSigningKeyPair,
  openBox,
  peerIdFromSigningKey,
  sealToBox,
  sign,
  signingKeyPairFromSeed,
  signingSeed,
  vaultKdfContext,
  verify,
  wipe,
} from './index.ts';

interface Vectors {
  readonly signing: {
    readonly seed: string;
    readonly publicKey: string;
    readonly peerId: string;
    readonly type: string;
    readonly text: string;
    readonly signature: string;
  };
  readonly box: { readonly secretKey: string; readonly publicKey: string; readonly sealed: string; readonly text: string };
  readonly vaultKeys: { readonly masterKey: string; readonly epochs: readonly (Record<string, string> & { readonly epoch: number })[] };
}
const vectors = JSON.parse(readFileSync(new URL('vectors/keys.json', import.meta.url), 'utf8')) as Vectors;
const random = seededRandom(4711);
beforeAll(cryptoReady);

describe('signing keys', () => {
  it('are those of RFC 8032 (7.1, test 1), with the golden signature and peer id', () => {
    const { seed, publicKey, peerId, type, text, signature } = vectors.signing;
    const pair = signingKeyPairFromSeed(fromHex(seed));
    expect(toHex(pair.publicKey)).toBe(publicKey);
    expect(toHex(signingSeed(pair.secretKey))).toBe(seed);
    expect(toHex(sign(type, utf8(text), pair.secretKey))).toBe(signature);
    expect(peerIdFromSigningKey(pair.publicKey)).toBe(peerId);
  });

  it('sign for one type, one payload and one key only', () => {
    const pair = newSigningKeyPair(random);
    const payload = utf8('body');
    const signature = sign('roster', payload, pair.secretKey);
    expect(verify('roster', payload, signature, pair.publicKey)).toBe(true);
    expect(verify('receipt', payload, signature, pair.publicKey)).toBe(false);
    expect(verify('roster', utf8('bodY'), signature, pair.publicKey)).toBe(false);
    expect(verify('roster', payload, signature, newSigningKeyPair(random).publicKey)).toBe(false);
    for (let bit = 0; bit < 512; bit += 1) {
      expect(
        verify(
          'roster',
          payload,
          signature.map((b, i) => (i === bit >> 3 ? b ^ (1 << (bit & 7)) : b)),
          pair.publicKey,
        ),
      ).toBe(false);
    }
  });

  it('keep types apart even when one continues in the payload', () => {
    const pair = newSigningKeyPair(random);
    expect(verify('team', utf8('x/1\0y'), sign('team', utf8('x'), pair.secretKey), pair.publicKey)).toBe(false);
    for (const type of ['', 'Team', 'a/1\0b', 'a b', 'a'.repeat(41)]) {
      expect(() => sign(type, utf8('x'), pair.secretKey)).toThrow(expect.objectContaining({ code: 'bad_statement' }));
    }
  });

  it('take wrong sizes for a false signature or refuse them as keys, without quoting them', () => {
    const pair = newSigningKeyPair(random);
    const signature = sign('team', utf8('x'), pair.secretKey);
    expect(verify('team', utf8('x'), signature.subarray(1), pair.publicKey)).toBe(false);
    expect(verify('team', utf8('x'), signature, pair.publicKey.subarray(1))).toBe(false);
    // The identity point, for which anybody can make "signatures".
    expect(
      verify(
        'team',
        utf8('x'),
        Uint8Array.from({ length: 64 }, (_, i) => (i === 0 ? 1 : 0)),
        Uint8Array.from({ length: 32 }, (_, i) => (i === 0 ? 1 : 0)),
      ),
    ).toBe(false);
    expect(() => sign('team', utf8('x'), pair.secretKey.subarray(32))).toThrow(
      expect.objectContaining({ code: 'bad_key', context: { name: 'signing secret key', length: 32 } }),
    );
    expect(() => signingKeyPairFromSeed(pair.secretKey)).toThrow(expect.objectContaining({ code: 'bad_key' }));
  });

  it('give the peer id that libp2p gives', () => {
    for (let i = 0; i < 50; i += 1) {
      const { publicKey } = newSigningKeyPair(random);
      const id = peerIdFromSigningKey(publicKey);
      expect(id).toBe(peerIdFromPublicKey(publicKeyFromRaw(publicKey)).toString());
      expect(isPeerId(id)).toBe(true);
    }
    expect(() => peerIdFromSigningKey(new Uint8Array(33))).toThrow(expect.objectContaining({ code: 'bad_key' }));
  });
});

describe('box keys', () => {
  it("are those of RFC 7748 (6.1, Alice's) and open the golden box", () => {
    const { secretKey, publicKey, sealed, text } = vectors.box;
    const pair = boxKeyPairFromSecretKey(fromHex(secretKey));
    expect(toHex(pair.publicKey)).toBe(publicKey);
    expect(new TextDecoder().decode(openBox(fromHex(sealed), pair))).toBe(text);
  });

  it('open what was sealed to them, and nothing that was altered, cut or meant for another', () => {
    const pair = newBoxKeyPair(random);
    const secret = random.bytes(32);
    const sealed = sealToBox(pair.publicKey, secret);
    expect(toHex(openBox(sealed, pair))).toBe(toHex(secret));
    expect(toHex(sealToBox(pair.publicKey, secret))).not.toBe(toHex(sealed));
    const refused = expect.objectContaining({ code: 'wrong_key' });
    expect(() => openBox(sealed, newBoxKeyPair(random))).toThrow(refused);
    for (let i = 0; i < sealed.length; i += 1) {
      expect(() =>
        openBox(
          sealed.map((b, at) => (at === i ? b ^ 0x10 : b)),
          pair,
        ),
      ).toThrow(refused);
      expect(() => openBox(sealed.subarray(0, i), pair)).toThrow(refused);
    }
  });

  it('refuse public keys under which everybody would know the shared secret', () => {
    // Points of small order: 0 and 1.
    for (const first of [0, 1]) {
      const point = new Uint8Array(32);
      point[0] = first;
      expect(() => sealToBox(point, random.bytes(32))).toThrow(expect.objectContaining({ code: 'bad_key' }));
    }
  });
});

describe('vault keys', () => {
  it('are the golden ones, at the first, the second and the last epoch', () => {
    const master = fromHex(vectors.vaultKeys.masterKey);
    for (const { epoch, ...expected } of vectors.vaultKeys.epochs) {
      const keys = deriveVaultKeys(master, epoch);
      expect(Object.fromEntries(Object.entries(keys).map(([name, key]: [string, Uint8Array]) => [name, toHex(key)]))).toEqual(expected);
    }
  });

  it("are libsodium's crypto_kdf: BLAKE2b, key = master key, salt = u64le(id), personal = context", () => {
    const master = newMasterKey(random);
    const epoch = 0x01020304;
    const blake2b = (id: bigint): string => {
      const parameters = new Blake2BParam();
      const salt = Buffer.alloc(16);
      salt.writeBigUInt64LE(id);
      const personal = Buffer.alloc(16);
      personal.write(vaultKdfContext);
      parameters.hashLength(32);
      parameters.key(Buffer.from(master));
      parameters.salt(salt);
      parameters.personal(personal);
      return Blake2BHasher.withParams(parameters).digestBuffer().toString('hex');
    };
    const keys = deriveVaultKeys(master, epoch);
    expect(toHex(keys.chunkId)).toBe(blake2b(1n));
    expect(toHex(keys.gear)).toBe(blake2b(2n));
    expect(toHex(keys.data)).toBe(blake2b(0x01_02_03_04_03n));
    expect(toHex(keys.head)).toBe(blake2b(0x01_02_03_04_06n));
  });

  it('all differ, but chunk ids and boundaries stay the same over epochs', () => {
    fc.assert(
      fc.property(fc.nat(0xffff_ffff), fc.nat(0xffff_ffff), (a, b) => {
        fc.pre(a !== b);
        const master = newMasterKey(random);
        const [x, y] = [deriveVaultKeys(master, a), deriveVaultKeys(master, b)];
        expect(toHex(x.chunkId)).toBe(toHex(y.chunkId));
        expect(toHex(x.gear)).toBe(toHex(y.gear));
        const all = [x.chunkId, x.gear, x.data, x.meta, x.index, x.head, y.data, y.meta, y.index, y.head].map(toHex);
        expect(new Set(all).size).toBe(all.length);
      }),
    );
  });

  it('refuse another master key size and an epoch out of range', () => {
    const refused = expect.objectContaining({ code: 'bad_key' });
    expect(() => deriveVaultKeys(new Uint8Array(31), 0)).toThrow(refused);
    for (const epoch of [-1, 0.5, 2 ** 32, Number.NaN]) expect(() => deriveVaultKeys(new Uint8Array(32), epoch)).toThrow(refused);
  });

  it('can be wiped', () => {
    const secrets = [random.bytes(9), random.bytes(32)];
    wipe(...secrets);
    for (const secret of secrets) expect(secret.every((b) => b === 0)).toBe(true);
  });
});

describe('constantTimeEqual', () => {
  it('finds one changed byte anywhere, and only then', () => {
    const bytes = random.bytes(32);
    expect(constantTimeEqual(bytes, bytes.slice())).toBe(true);
    for (let at = 0; at < bytes.length; at += 1) {
      expect(
        constantTimeEqual(
          bytes,
          bytes.map((b, i) => (i === at ? b ^ 1 : b)),
        ),
      ).toBe(false);
    }
    expect(constantTimeEqual(bytes, bytes.subarray(1))).toBe(false);
    expect(constantTimeEqual(new Uint8Array(0), new Uint8Array(0))).toBe(true);
  });
});
