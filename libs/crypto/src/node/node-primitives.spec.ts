import { describe, expect, it } from '@jest/globals';
import { wasmBlake3 } from '../loaded-parts.ts';
import { cryptoReady } from '../ready.ts';
import { portablePrimitives } from '../portable/index.ts';
import { primitivesConformance, primitiveVectors } from '../testing/primitives-conformance.ts';
import { toHex } from '#libs/kernel';
import { nativeBlake3 } from './node-blake3.ts';
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

primitivesConformance('node without the native libsodium', async () => {
  const other = nodePrimitives();
  await cryptoReady();
  const primitives = nodePrimitives(undefined, null);
  return { primitives, other, compressor: primitives };
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
