import type { IHasher } from 'hash-wasm';
import type * as SodiumApi from 'libsodium-wrappers';
import { CryptoError } from './crypto-error.ts';
import type { WasmBlake3 } from './wasm-blake3.ts';

/**
 * What `cryptoReady()` has loaded, apart from the loading itself: so a worker thread that needs only the native half
 * imports no WebAssembly (some 20 MB and 0.15 s less, each).
 */
export interface LoadedParts {
  readonly sodium: typeof SodiumApi;
  readonly sha256: IHasher;
  readonly blake3: WasmBlake3;
}

let loaded: LoadedParts | undefined;

/** For `cryptoReady()` alone. */
export function setLoadedParts(parts: LoadedParts): void {
  loaded = parts;
}

function parts(): LoadedParts {
  if (!loaded) {
    throw new CryptoError('not_ready', 'the cryptographic library is not loaded yet', {
      nextStep: 'Await cryptoReady() at the start of the program.',
    });
  }
  return loaded;
}

/** libsodium, once it is loaded; throws `not_ready` before. Internal to this lib. */
export const sodium = (): typeof SodiumApi => parts().sodium;

/** SHA-256 (FIPS 180-4), 32 bytes. */
export function sha256(data: Uint8Array): Uint8Array {
  return parts().sha256.init().update(data).digest('binary');
}

/** BLAKE3 in WebAssembly, for where nothing faster is at hand. Internal to this lib. */
export const wasmBlake3 = (): WasmBlake3 => parts().blake3;
