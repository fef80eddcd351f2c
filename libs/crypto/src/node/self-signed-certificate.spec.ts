import { X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { connect, createServer } from 'node:tls';
import { describe, expect, it } from '@jest/globals';
import { toHex } from '#libs/kernel';
import { certificateSha256, selfSignedCertificate } from './index.ts';

const notBeforeMs = Date.now() - 60_000;
const notAfterMs = notBeforeMs + 365 * 86_400_000;
const input = {
  commonName: 'Holdfast coordinator',
  altNames: ['localhost', 'backup.example', '127.0.0.1', '::1'],
  notBeforeMs,
  notAfterMs,
};

describe('self-signed certificates', () => {
  it('say what they were asked to say', async () => {
    const { certPem, keyPem, derSha256 } = await selfSignedCertificate(input);
    const certificate = new X509Certificate(certPem);
    expect(certificate.subject).toBe('CN=Holdfast coordinator');
    expect(certificate.subjectAltName).toBe('DNS:localhost, DNS:backup.example, IP Address:127.0.0.1, IP Address:0:0:0:0:0:0:0:1');
    expect(certificate.ca).toBe(false);
    // Extended key usage: TLS server, and nothing else.
    expect(certificate.keyUsage).toEqual(['1.3.6.1.5.5.7.3.1']);
    expect(certificate.publicKey.asymmetricKeyDetails?.namedCurve).toBe('prime256v1');
    expect(certificate.verify(certificate.publicKey)).toBe(true);
    expect(Math.abs(certificate.validToDate.getTime() - notAfterMs)).toBeLessThan(1000);
    expect(Math.abs(certificate.validFromDate.getTime() - notBeforeMs)).toBeLessThan(1000);
    expect(keyPem).toMatch(/^-----BEGIN PRIVATE KEY-----\n/);
    expect(certificate.fingerprint256.replaceAll(':', '').toLowerCase()).toBe(toHex(derSha256));
    expect(certificateSha256(certPem)).toEqual(derSha256);
    expect(certificateSha256(certificate.raw)).toEqual(derSha256);
  });

  it('serve TLS 1.3 to a client that trusts only them, under each of their names', async () => {
    const { certPem, keyPem, derSha256 } = await selfSignedCertificate(input);
    const server = createServer({ cert: certPem, key: keyPem }, (socket) => socket.on('error', () => undefined).end('hello'));
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    try {
      for (const servername of ['localhost', 'backup.example']) {
        const socket = connect({ port, host: '127.0.0.1', ca: certPem, servername });
        await once(socket, 'secureConnect');
        expect(socket.authorized).toBe(true);
        expect(socket.getProtocol()).toBe('TLSv1.3');
        expect(certificateSha256(socket.getPeerX509Certificate()!.raw)).toEqual(derSha256);
        socket.destroy();
      }
    } finally {
      server.close();
    }
  });

  it('differ in key, serial and digest each time', async () => {
    const [a, b] = [await selfSignedCertificate(input), await selfSignedCertificate({ ...input, altNames: [] })];
    expect(a.keyPem).not.toBe(b.keyPem);
    expect(new X509Certificate(a.certPem).serialNumber).not.toBe(new X509Certificate(b.certPem).serialNumber);
    expect(new X509Certificate(b.certPem).subjectAltName).toBeUndefined();
  });

  it.each([
    { commonName: '' },
    { commonName: 'a, O=b' },
    { altNames: ['two words'] },
    { altNames: ['fe80::1%eth0'] },
    { altNames: ['x\0y'] },
    { notAfterMs: notBeforeMs },
    { notAfterMs: Number.NaN },
  ])('are not made of %j', async (change) => {
    await expect(selfSignedCertificate({ ...input, ...change })).rejects.toMatchObject({ code: 'bad_certificate' });
  });

  it('are told from anything else', () => {
    for (const bad of ['', 'no', new Uint8Array(100), '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----']) {
      expect(() => certificateSha256(bad)).toThrow(expect.objectContaining({ code: 'bad_certificate' }));
    }
  });
});
