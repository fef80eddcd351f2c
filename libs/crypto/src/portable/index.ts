/**
 * Crypto, the half for browsers: the same bytes as `#libs/crypto/node` from WebAssembly and JavaScript alone.
 * Reads everything; does not compress.
 *
 * ```ts
 * import { portablePrimitives } from '#libs/crypto/portable';
 * const primitives = await portablePrimitives();
 * ```
 */
export { portablePrimitives } from './portable-primitives.ts';
