import { CryptoError } from './crypto-error.ts';
import type { SodiumCalls } from './sodium-calls.ts';
import type { WasmBlake3 } from './wasm-blake3.ts';

/**
 * What `cryptoReady()` or `nodeCryptoReady()` has loaded, apart from the loading itself: so a worker thread that needs only the native half
 * imports no WebAssembly (some 20 MB and 0.15 s less, each).
 */
export interface LoadedParts {
  readonly sodium: SodiumCalls;
  readonly sha256: (data: Uint8Array) => Uint8Array;
  /** Undefined where the native one is there. */
  readonly blake3: WasmBlake3 | undefined;
}

let loaded: LoadedParts | undefined;

/** For `cryptoReady()` and `nodeCryptoReady()` alone. */
export function setLoadedParts(parts: LoadedParts): void {
  loaded = parts;
}

function parts(): LoadedParts {
  if (!loaded) throw notReady();
  return loaded;
}

function notReady(): CryptoError {
  return new CryptoError('not_ready', 'the cryptographic library is not loaded yet', {
    nextStep: 'Await cryptoReady() at the start of the program.',
  });
}

/** libsodium, once it is loaded; throws `not_ready` before. Internal to this lib. */
export const sodium = (): SodiumCalls => parts().sodium;

/** SHA-256 (FIPS 180-4), 32 bytes. */
export function sha256(data: Uint8Array): Uint8Array {
  return parts().sha256(data);
}

/** BLAKE3 in WebAssembly, for where nothing faster is at hand. Internal to this lib. */
export function wasmBlake3(): WasmBlake3 {
  const { blake3 } = parts();
  if (!blake3) throw notReady();
  return blake3;
}
