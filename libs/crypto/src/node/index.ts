/**
 * Crypto, the half for Node: primitives at native speed, TLS certificates, password hashes.
 *
 * ```ts
 * import { nodeCryptoReady, nodePrimitives } from '#libs/crypto/node';
 * await nodeCryptoReady();
 * const primitives = nodePrimitives();
 * ```
 */
export * from './device-certificate.ts';
export { nodeCryptoReady } from './node-crypto-ready.ts';
export { nodePrimitives } from './node-primitives.ts';
export * from './password-hash.ts';
export * from './self-signed-certificate.ts';
