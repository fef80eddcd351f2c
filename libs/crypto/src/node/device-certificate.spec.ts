import { createHash, X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import type { TLSSocket } from 'node:tls';
import { connect, createServer } from 'node:tls';
import { beforeAll, describe, expect, it } from '@jest/globals';
import { toHex } from '#libs/kernel';
import { seededRandom } from '#libs/kernel/testing';
import { cryptoReady, signingKeyPairFromSeed } from '../index.ts';
import { deviceCertificate, selfSignedCertificate, signingKeyOf } from './index.ts';

const seed = Uint8Array.from({ length: 32 }, (_, i) => i);

describe('device certificates', () => {
  beforeAll(() => cryptoReady());

  it('are the same for the same seed, byte for byte', () => {
    const { certPem } = deviceCertificate(seed);
    expect(deviceCertificate(seed)).toEqual(deviceCertificate(seed.slice()));
    expect(createHash('sha256').update(new X509Certificate(certPem).raw).digest('hex')).toBe(
      '6b3efe72af9fa89c498a1362faf471b7facc2f4a635a564e304183c16dd0a646',
    );
  });

  it('are about the very key that the device signs with, for any seed', () => {
    for (let n = 0; n < 50; n += 1) {
      const some = seededRandom(n).bytes(32);
      const certificate = new X509Certificate(deviceCertificate(some).certPem);
      expect(toHex(signingKeyOf(certificate)!)).toBe(toHex(signingKeyPairFromSeed(some).publicKey));
      expect(certificate.verify(certificate.publicKey)).toBe(true);
      expect(certificate.subject).toBe('CN=holdfast device');
      expect(certificate.validToDate.getUTCFullYear()).toBe(9999);
    }
  });

  it('let both ends of a TLS 1.3 connection prove who they are', async () => {
    const [ours, theirs] = [deviceCertificate(seed), deviceCertificate(seededRandom(7).bytes(32))];
    const server = createServer({
      cert: ours.certPem,
      key: ours.keyPem,
      minVersion: 'TLSv1.3',
      requestCert: true,
      rejectUnauthorized: false,
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const arrived = once(server, 'secureConnection') as Promise<[TLSSocket]>;
    const { port } = server.address() as AddressInfo;
    const client = connect({
      port,
      host: '127.0.0.1',
      cert: theirs.certPem,
      key: theirs.keyPem,
      minVersion: 'TLSv1.3',
      rejectUnauthorized: false,
    });
    try {
      await once(client, 'secureConnect');
      const [inbound] = await arrived;
      expect(toHex(signingKeyOf(client.getPeerX509Certificate()!)!)).toBe(toHex(signingKeyPairFromSeed(seed).publicKey));
      expect(toHex(signingKeyOf(inbound.getPeerX509Certificate()!)!)).toBe(
        toHex(signingKeyPairFromSeed(seededRandom(7).bytes(32)).publicKey),
      );
    } finally {
      client.destroy();
      server.close();
    }
  });

  it('of other kinds of keys are nobody’s', async () => {
    const { certPem } = await selfSignedCertificate({ commonName: 'x', altNames: [], notBeforeMs: 0, notAfterMs: 1e12 });
    expect(signingKeyOf(new X509Certificate(certPem))).toBeUndefined();
  });

  it.each([new Uint8Array(31), new Uint8Array(33), 'no' as never])('are not made of %p', (bad) => {
    expect(() => deviceCertificate(bad)).toThrow(expect.objectContaining({ code: 'bad_key' }));
  });
});
