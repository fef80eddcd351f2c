import { describe, expect, it } from '@jest/globals';
import koffi from 'koffi';
import { wasmBlake3 } from '../loaded-parts.ts';
import { cryptoReady } from '../ready.ts';
import { portablePrimitives } from '../portable/index.ts';
import { primitivesConformance, primitiveVectors } from '../testing/primitives-conformance.ts';
import { toHex } from '#libs/kernel';
import { nativeBlake3 } from './node-blake3.ts';
import { opensslCalls, usableCalls } from './openssl-calls.ts';
import { nodePrimitives } from './node-primitives.ts';
import { nativeSodium } from './sodium-binary.ts';

primitivesConformance('node', async () => {
  const other = await portablePrimitives();
  const primitives = nodePrimitives();
  return { primitives, other, compressor: primitives };
});

primitivesConformance('node without the native BLAKE3', async () => {
  const other = nodePrimitives();
  await cryptoReady();
  const primitives = nodePrimitives(wasmBlake3());
  return { primitives, other, compressor: primitives };
});

primitivesConformance('node without the calls of OpenSSL', async () => {
  const other = nodePrimitives();
  await cryptoReady();
  const primitives = nodePrimitives(undefined, null);
  return { primitives, other, compressor: primitives };
});

describe('the calls of OpenSSL', () => {
  it('are there in this Node.js, and their absence is noticed instead of thrown', () => {
    expect(opensslCalls()).toBeDefined();
    expect(
      usableCalls(() => {
        throw new Error('Failed to load shared library');
      }),
    ).toBeUndefined();
  });

  it.each(['EVP_CIPHER_CTX_ctrl', 'EVP_DecryptFinal_ex', 'EVP_EncryptUpdate', 'EVP_chacha20_poly1305'])(
    'are not used when %s says something else than it should',
    (name) => {
      const library = koffi.load(null);
      const strange = {
        ...library,
        func: (called: string, ...types: [string, string[]]) => (called === name ? () => 0 : library.func(called, ...types)),
      };
      expect(usableCalls(() => strange as unknown as typeof library)).toBeUndefined();
    },
  );

  it('are not used when a tag would be found right that is not', () => {
    const library = koffi.load(null);
    const lenient = {
      ...library,
      func: (called: string, ...types: [string, string[]]) => (called === 'EVP_DecryptFinal_ex' ? () => 1 : library.func(called, ...types)),
    };
    expect(usableCalls(() => lenient as unknown as typeof library)).toBeUndefined();
  });
});

describe('the native libsodium', () => {
  it('loads on this platform, and its absence is noticed instead of thrown', () => {
    expect(nativeSodium()).toBeDefined();
    const missing = (): never => {
      throw new Error('Cannot find addon');
    };
    expect(nativeSodium(missing)).toBeUndefined();
  });
});

describe('the native BLAKE3', () => {
  it('loads on this platform, and its absence is noticed instead of thrown', () => {
    expect(toHex(nativeBlake3()!.hash(new Uint8Array(0)))).toBe(primitiveVectors.blake3.cases[0]!.hash);
    const missing = (): never => {
      throw new Error('Cannot find native binding.');
    };
    expect(nativeBlake3(missing)).toBeUndefined();
  });
});
