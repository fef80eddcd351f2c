import { describe, expect, it } from '@jest/globals';
import { fromHex, toHex } from '#libs/kernel';
import { hChaCha20 } from './hchacha20.ts';

describe('hChaCha20', () => {
  it('gives the vector of draft-irtf-cfrg-xchacha-03, section 2.2.1, from views at any offset', () => {
    const key = Uint8Array.from({ length: 33 }, (_, i) => i - 1).subarray(1);
    const nonce = fromHex('ff000000090000004a0000000031415927').subarray(1);
    expect(toHex(hChaCha20(key, nonce))).toBe('82413b4227b27bfed30e42508a877d73a0f9e4d58a74a853c12ec41326d3ecdc');
  });
});
