import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import { concatBytes, fromHex, systemRandom, toHex, utf8 } from '#libs/kernel';
import {
  boxKeyPairFromSecretKey,
  deriveVaultKeys,
  newBoxKeyPair,
  newSigningKeyPair,
  openBox,
  openWithPassphrase,
  sealToBox,
  sealWithPassphrase,
  sha256,
  sign,
  signingKeyPairFromSeed,
  verify,
} from '../index.ts';
import { wasmParts } from '../ready.ts';
import { nativeSodiumCalls } from './native-sodium-calls.ts';
import { nodeCryptoReady } from './node-crypto-ready.ts';
import { nativeSodium } from './sodium-binary.ts';

const vectors = JSON.parse(readFileSync(new URL('../vectors/keys.json', import.meta.url), 'utf8')) as {
  readonly signing: {
    readonly seed: string;
    readonly publicKey: string;
    readonly type: string;
    readonly text: string;
    readonly signature: string;
  };
  readonly box: { readonly secretKey: string; readonly publicKey: string; readonly sealed: string; readonly text: string };
  readonly vaultKeys: { readonly masterKey: string; readonly epochs: readonly (Record<string, string> & { readonly epoch: number })[] };
};
const cheap = { passes: 1, memoryKiB: 64 };
const bytes = (length: number) => fc.uint8Array({ minLength: length, maxLength: length });

// One file of its own: jest gives each file a fresh module, and only a fresh one is not ready.
describe('nodeCryptoReady', () => {
  it('makes everything ready, without WebAssembly, with the golden keys, signatures and boxes', async () => {
    expect(() => newSigningKeyPair(systemRandom)).toThrow(expect.objectContaining({ code: 'not_ready' }));
    await Promise.all([nodeCryptoReady(), nodeCryptoReady()]);
    await nodeCryptoReady();

    const { signing, box, vaultKeys } = vectors;
    const pair = signingKeyPairFromSeed(fromHex(signing.seed));
    expect(toHex(pair.publicKey)).toBe(signing.publicKey);
    expect(toHex(pair.secretKey)).toBe(signing.seed + signing.publicKey);
    const signature = sign(signing.type, utf8(signing.text), pair.secretKey);
    expect(toHex(signature)).toBe(signing.signature);
    expect(verify(signing.type, utf8(signing.text), signature, pair.publicKey)).toBe(true);
    expect(verify(signing.type, utf8(`${signing.text}.`), signature, pair.publicKey)).toBe(false);
    for (let at = 0; at < signature.length; at += 1)
      expect(verify(signing.type, utf8(signing.text), signature.with(at, signature[at]! ^ 1), pair.publicKey)).toBe(false);

    const boxPair = boxKeyPairFromSecretKey(fromHex(box.secretKey));
    expect(toHex(boxPair.publicKey)).toBe(box.publicKey);
    expect(new TextDecoder().decode(openBox(fromHex(box.sealed), boxPair))).toBe(box.text);
    expect(() => sealToBox(new Uint8Array(32), utf8('x'))).toThrow(expect.objectContaining({ code: 'bad_key' }));
    expect(() => openBox(fromHex(box.sealed), newBoxKeyPair(systemRandom))).toThrow(expect.objectContaining({ code: 'wrong_key' }));

    for (const { epoch, ...expected } of vaultKeys.epochs) {
      const keys = deriveVaultKeys(fromHex(vaultKeys.masterKey), epoch);
      expect(Object.fromEntries(Object.entries(keys).map(([name, key]: [string, Uint8Array]) => [name, toHex(key)]))).toEqual(expected);
    }
    const sealed = await sealWithPassphrase(utf8('a kit'), 'p', { cost: cheap });
    expect(new TextDecoder().decode(await openWithPassphrase(sealed, 'p'))).toBe('a kit');
    await expect(openWithPassphrase(sealed, 'q')).rejects.toMatchObject({ code: 'wrong_passphrase' });
    expect(toHex(sha256(utf8('abc')))).toBe('ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad');
  });
});

describe('libsodium by its binary', () => {
  const native = nativeSodiumCalls(nativeSodium()!);

  it('gives what WebAssembly gives, and each opens what the other sealed', async () => {
    const { sodium: wasm } = await wasmParts();
    fc.assert(
      fc.property(
        bytes(32),
        bytes(24),
        fc.uint8Array({ maxLength: 300 }),
        fc.bigInt({ min: 0n, max: 2n ** 40n }),
        (key, nonce, text, id) => {
          const [a, b] = [native.crypto_sign_seed_keypair(key), wasm.crypto_sign_seed_keypair(key)];
          expect([toHex(a.publicKey), toHex(a.privateKey)]).toEqual([toHex(b.publicKey), toHex(b.privateKey)]);
          const signature = native.crypto_sign_detached(text, a.privateKey);
          expect(toHex(signature)).toBe(toHex(wasm.crypto_sign_detached(text, a.privateKey)));
          expect(native.crypto_sign_verify_detached(signature, text, a.publicKey)).toBe(true);
          expect(native.crypto_sign_verify_detached(signature, concatBytes(text, key), a.publicKey)).toBe(false);
          const publicKey = native.crypto_scalarmult_base(key);
          expect(toHex(publicKey)).toBe(toHex(wasm.crypto_scalarmult_base(key)));
          expect(toHex(wasm.crypto_box_seal_open(native.crypto_box_seal(text, publicKey), publicKey, key))).toBe(toHex(text));
          expect(toHex(native.crypto_box_seal_open(wasm.crypto_box_seal(text, publicKey), publicKey, key))).toBe(toHex(text));
          const box = native.crypto_secretbox_easy(text, nonce, key);
          expect(toHex(box)).toBe(toHex(wasm.crypto_secretbox_easy(text, nonce, key)));
          expect(toHex(native.crypto_secretbox_open_easy(box, nonce, key))).toBe(toHex(text));
          expect(() => native.crypto_secretbox_open_easy(box.with(0, box[0]! ^ 1), nonce, key)).toThrow();
          expect(toHex(native.crypto_kdf_derive_from_key(32, id, 'hfvault1', key))).toBe(
            toHex(wasm.crypto_kdf_derive_from_key(32, id, 'hfvault1', key)),
          );
        },
      ),
      { numRuns: 40 },
    );
  });

  it('looks at every length before the binary, which would read and write beyond', () => {
    const [short, key, secret, nonce] = [new Uint8Array(31), new Uint8Array(32), new Uint8Array(64), new Uint8Array(24)];
    for (const call of [
      () => native.crypto_sign_seed_keypair(short),
      () => native.crypto_sign_detached(key, short),
      () => native.crypto_sign_verify_detached(short, key, key),
      () => native.crypto_sign_verify_detached(secret, key, short),
      () => native.crypto_scalarmult_base(short),
      () => native.crypto_box_seal(key, short),
      () => native.crypto_box_seal_open(new Uint8Array(47), key, key),
      () => native.crypto_box_seal_open(secret, short, key),
      () => native.crypto_box_seal_open(secret, key, short),
      () => native.crypto_secretbox_easy(key, key, key),
      () => native.crypto_secretbox_easy(key, nonce, short),
      () => native.crypto_secretbox_open_easy(new Uint8Array(15), nonce, key),
      () => native.crypto_secretbox_open_easy(key, short, key),
      () => native.crypto_secretbox_open_easy(key, nonce, short),
      () => native.crypto_kdf_derive_from_key(32, 1n, 'hfvault', key),
      () => native.crypto_kdf_derive_from_key(32, 1n, 'hfvault1', short),
      () => native.crypto_kdf_derive_from_key(8, 1n, 'hfvault1', key),
      () => native.crypto_kdf_derive_from_key(32, 2n ** 60n, 'hfvault1', key),
    ])
      expect(call).toThrow();
  });
});
