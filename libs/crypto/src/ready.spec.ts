import { describe, expect, it } from '@jest/globals';
import { systemRandom } from '#libs/kernel';
import { CryptoError } from './crypto-error.ts';
import {
  cryptoReady,
  deriveVaultKeys,
  joinFingerprint,
  newBoxKeyPair,
  newSigningKeyPair,
  openWithPassphrase,
  sealWithPassphrase,
  sha256,
} from './index.ts';

// One file of its own: jest gives each file a fresh module, and only a fresh one is not ready.
describe('cryptoReady', () => {
  it('is asked for by everything that needs it, then stays ready', async () => {
    const key = new Uint8Array(32);
    const needs: (() => unknown)[] = [
      () => newSigningKeyPair(systemRandom),
      () => newBoxKeyPair(systemRandom),
      () => deriveVaultKeys(key, 0),
      () => joinFingerprint(key, key),
      () => sha256(key),
    ];
    for (const need of needs)
      expect(need).toThrow(expect.objectContaining({ code: 'not_ready', nextStep: expect.stringContaining('cryptoReady()') }));
    await expect(sealWithPassphrase(key, 'p')).rejects.toMatchObject({ code: 'not_ready' });
    await expect(openWithPassphrase(key, 'p')).rejects.toBeInstanceOf(CryptoError);
    await Promise.all([cryptoReady(), cryptoReady()]);
    await cryptoReady();
    for (const need of needs) expect(need).not.toThrow();
  });
});
