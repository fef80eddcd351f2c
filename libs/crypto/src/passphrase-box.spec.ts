import { readFileSync } from 'node:fs';
import { argon2Sync } from 'node:crypto';
import { beforeAll, describe, expect, it } from '@jest/globals';
import { fromHex, toHex, utf8 } from '#libs/kernel';
import { seededRandom } from '#libs/kernel/testing';
import {
  cryptoReady,
  isAcceptableCost,
  keyFromPassphrase,
  maxPassphraseBoxBytes,
  maxPassphraseBytes,
  openWithPassphrase,
  passphraseBoxCost,
  passphraseBoxOverhead,
  passphraseBytes,
  passphraseCosts,
  sealWithPassphrase,
} from './index.ts';

const golden = (
  JSON.parse(readFileSync(new URL('vectors/keys.json', import.meta.url), 'utf8')) as {
    passphraseBox: { passphrase: string; text: string; box: string };
  }
).passphraseBox;
const cost = { memoryKiB: 8, passes: 1 };
const random = seededRandom(99);
beforeAll(cryptoReady);

/** A box with other cost parameters in its header. */
const withCost = (box: Uint8Array, passes: number, memoryKiB: number): Uint8Array => {
  const changed = box.slice();
  new DataView(changed.buffer).setUint32(1, passes, true);
  new DataView(changed.buffer).setUint32(5, memoryKiB, true);
  return changed;
};

describe('passphrase boxes', () => {
  it('open the golden box', async () => {
    expect(new TextDecoder().decode(await openWithPassphrase(fromHex(golden.box), golden.passphrase))).toBe(golden.text);
  });

  it('derive their key as the Argon2id of OpenSSL does (version 1.3, one lane)', async () => {
    const salt = random.bytes(16);
    for (const { memoryKiB, passes } of [cost, { memoryKiB: 64, passes: 3 }, { memoryKiB: 1000, passes: 2 }]) {
      const expected = argon2Sync('argon2id', {
        message: 'pässword',
        nonce: salt,
        parallelism: 1,
        tagLength: 32,
        memory: memoryKiB,
        passes,
      });
      expect(toHex(await keyFromPassphrase('pässword', salt, { memoryKiB, passes }))).toBe(expected.toString('hex'));
    }
  });

  it('open with the same words however they were typed, and with nothing else', async () => {
    const secret = random.bytes(32);
    const box = await sealWithPassphrase(secret, 'Grün\u00a0ist gut', { cost, random });
    expect(box.length).toBe(secret.length + passphraseBoxOverhead);
    expect(toHex(await openWithPassphrase(box, 'Gru\u0308n ist gut'))).toBe(toHex(secret));
    for (const wrong of ['Gruen ist gut', 'grün ist gut', 'Grün ist gut ', '', 'x'.repeat(5000)]) {
      await expect(openWithPassphrase(box, wrong)).rejects.toMatchObject({ code: 'wrong_passphrase' });
    }
  });

  it('never give out altered contents, whatever byte is changed', async () => {
    const box = await sealWithPassphrase(random.bytes(20), 'pass', { cost, random });
    for (let at = 0; at < box.length; at += 1) {
      const altered = box.map((b, i) => (i === at ? b ^ 1 : b));
      const error: { code?: string } = await openWithPassphrase(altered, 'pass').then(
        () => ({ code: 'opened' }),
        (thrown: { code?: string }) => thrown,
      );
      expect(['wrong_passphrase', 'bad_box']).toContain(error.code);
      // Version and the cost's high bytes are refused before any work; the rest fails as a wrong key.
      if (at >= 9) expect(error.code).toBe('wrong_passphrase');
    }
  });

  it.each<[string, number, number]>([
    ['4 TiB', 1, 0xffff_ffff],
    ['just over 1 GiB', 1, 1024 * 1024 + 1],
    ['no memory', 1, 7],
    ['no pass', 0, 65_536],
    ['endless passes', 0xffff_ffff, 8],
    ['too many passes for so much memory', 64, 1024 * 1024],
    ['work just over the limit', 5, 1024 * 1024],
  ])('refuse a hostile cost before spending anything: %s', async (_, passes, memoryKiB) => {
    const box = withCost(await sealWithPassphrase(random.bytes(32), 'pass', { cost, random }), passes, memoryKiB);
    expect(isAcceptableCost({ passes, memoryKiB })).toBe(false);
    expect(() => passphraseBoxCost(box)).toThrow(expect.objectContaining({ code: 'bad_box' }));
    await expect(openWithPassphrase(box, 'pass')).rejects.toMatchObject({ code: 'bad_box' });
    await expect(sealWithPassphrase(random.bytes(1), 'pass', { cost: { passes, memoryKiB } })).rejects.toMatchObject({ code: 'bad_box' });
  });

  it('accept the costs that they write, up to the limits', () => {
    for (const acceptable of [...Object.values(passphraseCosts), { memoryKiB: 1024 * 1024, passes: 4 }, { memoryKiB: 8, passes: 64 }]) {
      expect(isAcceptableCost(acceptable)).toBe(true);
    }
    expect(passphraseCosts.interactive.memoryKiB).toBeGreaterThanOrEqual(64 * 1024);
  });

  it('refuse boxes of a wrong size or an unknown version', async () => {
    const box = await sealWithPassphrase(new Uint8Array(0), 'pass', { cost, random });
    expect(await openWithPassphrase(box, 'pass')).toHaveLength(0);
    for (const bad of [
      new Uint8Array(0),
      box.subarray(0, box.length - 1),
      new Uint8Array(maxPassphraseBoxBytes + 1),
      Uint8Array.from(box, (b, i) => (i === 0 ? 2 : b)),
    ]) {
      await expect(openWithPassphrase(bad, 'pass')).rejects.toMatchObject({ code: 'bad_box' });
    }
    await expect(sealWithPassphrase(new Uint8Array(maxPassphraseBoxBytes), 'pass', { cost })).rejects.toMatchObject({ code: 'bad_box' });
  });

  it('refuse to seal under no or an endless passphrase', async () => {
    for (const passphrase of ['', 'x'.repeat(maxPassphraseBytes + 1), '€'.repeat(maxPassphraseBytes / 2)]) {
      await expect(sealWithPassphrase(random.bytes(1), passphrase, { cost })).rejects.toMatchObject({ code: 'bad_passphrase' });
    }
    expect(passphraseBytes('a'.repeat(maxPassphraseBytes))).toEqual(utf8('a'.repeat(maxPassphraseBytes)));
  });
});
