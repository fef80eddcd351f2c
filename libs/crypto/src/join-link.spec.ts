import { readFileSync } from 'node:fs';
import { beforeAll, describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import { enrolRequest } from '#libs/contracts';
import { fromHex, toBase64Url } from '#libs/kernel';
import { seededRandom } from '#libs/kernel/testing';
import {
  buildJoinLink,
  checkJoinFingerprint,
  cryptoReady,
  joinFingerprint,
  joinLinkOrigin,
  newJoinSecret,
  parseJoinLink,
} from './index.ts';

const golden = (
  JSON.parse(readFileSync(new URL('vectors/keys.json', import.meta.url), 'utf8')) as {
    joinLink: { certificateSha256: string; rootKey: string; fingerprint: string; host: string; port: number; secret: string; link: string };
  }
).joinLink;
const random = seededRandom(12);
const secret = newJoinSecret(random);
const fingerprint = toBase64Url(random.bytes(32));
beforeAll(cryptoReady);
const badLink = expect.objectContaining({ code: 'bad_join_link' });

describe('join links', () => {
  it('are the golden link', () => {
    const { certificateSha256, rootKey, link, ...parts } = golden;
    expect(joinFingerprint(fromHex(certificateSha256), fromHex(rootKey))).toBe(parts.fingerprint);
    expect(buildJoinLink(parts)).toBe(link);
    expect(parseJoinLink(link)).toEqual(parts);
  });

  it('round-trip every kind of host', () => {
    const host = fc.oneof(
      fc.domain(),
      fc.ipV4(),
      fc.ipV6(),
      fc.constantFrom('localhost', 'nas', 'back_up.local', '::1', 'fe80::1', '::ffff:10.0.0.1', 'a.example.'),
    );
    fc.assert(
      fc.property(host, fc.integer({ min: 1, max: 65_535 }), (name, port) => {
        const link = { host: name, port, secret: newJoinSecret(random), fingerprint: toBase64Url(random.bytes(32)) };
        const text = buildJoinLink(link);
        expect(parseJoinLink(text)).toEqual(link);
        expect(new URL(joinLinkOrigin(link)).protocol).toBe('https:');
      }),
    );
    expect(buildJoinLink({ host: '::1', port: 8443, secret, fingerprint })).toBe(`holdfast://[::1]:8443/#${secret}.${fingerprint}`);
    expect(joinLinkOrigin({ host: '::1', port: 8443 })).toBe('https://[::1]:8443');
    expect(joinLinkOrigin({ host: 'backup.example', port: 443 })).toBe('https://backup.example:443');
  });

  it('are understood as people paste them', () => {
    const link = { host: 'backup.example', port: 8443, secret, fingerprint };
    const text = buildJoinLink(link);
    for (const pasted of [
      `  ${text}\n`,
      `${text.slice(0, 50)}\r\n   ${text.slice(50)}`,
      text.replace('/#', '#'),
      text.replace('holdfast', 'HOLDFAST'),
    ]) {
      expect(parseJoinLink(pasted)).toEqual(link);
    }
  });

  it.each([
    '',
    'holdfast://',
    'https://backup.example:8443/#aaaaaaaaaaaaaaaa.bbb',
    `holdfast://backup.example/#${secret}.${fingerprint}`,
    `holdfast://backup.example:0/#${secret}.${fingerprint}`,
    `holdfast://backup.example:65536/#${secret}.${fingerprint}`,
    `holdfast://user@backup.example:1/#${secret}.${fingerprint}`,
    `holdfast://backup.example:1/path#${secret}.${fingerprint}`,
    `holdfast://backup.example:1/?x#${secret}.${fingerprint}`,
    `holdfast://-x.example:1/#${secret}.${fingerprint}`,
    `holdfast://a..b:1/#${secret}.${fingerprint}`,
    `holdfast://${'a'.repeat(64)}:1/#${secret}.${fingerprint}`,
    `holdfast://[backup.example]:1/#${secret}.${fingerprint}`,
    `holdfast://[::1%eth0]:1/#${secret}.${fingerprint}`,
    `holdfast://[1:2:3]:1/#${secret}.${fingerprint}`,
    `holdfast://::1:1/#${secret}.${fingerprint}`,
    `holdfast://backup.example:1/#${secret.slice(0, 15)}.${fingerprint}`,
    `holdfast://backup.example:1/#${'a'.repeat(101)}.${fingerprint}`,
    `holdfast://backup.example:1/#${secret}.${fingerprint.slice(0, 42)}`,
    `holdfast://backup.example:1/#${secret}.${fingerprint}A`,
    `holdfast://backup.example:1/#${secret}.${'_'.repeat(43)}`,
    `holdfast://backup.example:1/#${secret}`,
    `holdfast://backup.example:1/#${secret}.${fingerprint}.more`,
    `holdfast://backup.example:1/#${'+'.repeat(20)}.${fingerprint}`,
    `holdfast://${'a.'.repeat(100_000)}:1/#${secret}.${fingerprint}`,
    '['.repeat(1100),
  ])('refuse %.60s', (text) => {
    expect(() => parseJoinLink(text)).toThrow(badLink);
  });

  it('are not built of parts that would be read as something else', () => {
    const link = { host: 'backup.example', port: 8443, secret, fingerprint };
    for (const part of [
      { host: '' },
      { host: 'evil.example/#' },
      { host: '[::1]' },
      { host: 'a b' },
      { port: 0 },
      { port: 1.5 },
      { secret: 'short' },
      { secret: `${secret}.x` },
      { fingerprint: '' },
    ]) {
      expect(() => buildJoinLink({ ...link, ...part })).toThrow(badLink);
    }
  });

  it('never throw anything else, whatever is pasted, nor repeat it', () => {
    const text = buildJoinLink({ host: 'backup.example', port: 8443, secret, fingerprint });
    fc.assert(
      fc.property(fc.nat(text.length), fc.string({ unit: 'binary' }), fc.nat(20), (at, insert, removed) => {
        try {
          parseJoinLink(text.slice(0, at) + insert + text.slice(at + removed));
        } catch (error) {
          expect(error).toEqual(badLink);
          expect((error as Error).message).not.toContain(secret);
        }
      }),
      { numRuns: 1000 },
    );
  });

  it('have a secret that the enrolment contract takes, never twice', () => {
    expect(enrolRequest.shape.secret.parse(secret)).toBe(secret);
    expect(newJoinSecret(random)).not.toBe(secret);
  });

  it('pin both the certificate and the root', () => {
    const [certificate, root, other] = [random.bytes(32), random.bytes(32), random.bytes(32)];
    const pinned = joinFingerprint(certificate, root);
    expect(() => checkJoinFingerprint(pinned, certificate, root)).not.toThrow();
    const mismatch = expect.objectContaining({ code: 'fingerprint_mismatch' });
    expect(() => checkJoinFingerprint(pinned, other, root)).toThrow(mismatch);
    expect(() => checkJoinFingerprint(pinned, certificate, other)).toThrow(mismatch);
    expect(() => checkJoinFingerprint(pinned, root, certificate)).toThrow(mismatch);
    expect(() => checkJoinFingerprint('', certificate, root)).toThrow(mismatch);
    expect(() => joinFingerprint(certificate.subarray(1), root)).toThrow(expect.objectContaining({ code: 'bad_key' }));
  });
});
