import type { CommonConnectionOptions, SecureContextOptions, TLSSocket } from 'node:tls';
import { peerIdFromSigningKey } from '#libs/crypto';
import { deviceCertificate, signingKeyOf } from '#libs/crypto/node';

export type LaneIdentity = SecureContextOptions & CommonConnectionOptions;

/**
 * What both sides of the fast lane insist on. No authority signs the certificates and Node.js is told not to look for one:
 * who the other side is follows from the key that it proves to have ({@link provedPeerId}), and whether it may be here from
 * the roster. TLS 1.3 only: there the certificate is encrypted, and the suites below are all there are.
 */
export function laneIdentity(seed: Uint8Array): LaneIdentity {
  const { certPem, keyPem } = deviceCertificate(seed);
  return {
    cert: certPem,
    key: keyPem,
    minVersion: 'TLSv1.3',
    // AES with 128 bits first: a fifth less work than 256 where the processor has instructions for it.
    ciphers: 'TLS_AES_128_GCM_SHA256:TLS_CHACHA20_POLY1305_SHA256:TLS_AES_256_GCM_SHA384',
    ALPNProtocols: ['http/1.1'],
    requestCert: true,
    rejectUnauthorized: false,
  };
}

/**
 * The peer id of who is at the other end, after the handshake: TLS 1.3 has checked the signature of the certificate's key
 * over this very conversation. Undefined when the other side showed no certificate or one of another kind.
 */
export function provedPeerId(socket: TLSSocket): string | undefined {
  const certificate = socket.getPeerX509Certificate();
  const key = certificate && signingKeyOf(certificate);
  return key && peerIdFromSigningKey(key);
}
