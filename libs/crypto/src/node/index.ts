/**
 * Crypto, the half for Node: primitives at native speed, TLS certificates, password hashes.
 *
 * ```ts
 * import { cryptoReady } from '#libs/crypto';
 * import { nodePrimitives } from '#libs/crypto/node';
 * await cryptoReady();
 * const primitives = nodePrimitives();
 * ```
 */
export * from './device-certificate.ts';
export { nodePrimitives } from './node-primitives.ts';
export * from './password-hash.ts';
export * from './self-signed-certificate.ts';
