/**
 * Kernel: what every other lib stands on. Ids, the one error type, clock, randomness, bytes, bounded concurrency.
 *
 * Depends on nothing, runs in Node and in browsers, does no I/O.
 *
 * ```ts
 * import { AppError, systemClock, toHex } from '#libs/kernel';
 * ```
 */
export * from './async.ts';
export * from './bytes.ts';
export * from './clock.ts';
export * from './errors.ts';
export * from './ids.ts';
export * from './random.ts';
