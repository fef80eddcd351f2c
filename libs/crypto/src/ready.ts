import sodiumModule from 'libsodium-wrappers';
import type * as SodiumApi from 'libsodium-wrappers';
import type { IHasher } from 'hash-wasm';
import { createSHA256 } from 'hash-wasm';
import { CryptoError } from './crypto-error.ts';
import { WasmBlake3 } from './wasm-blake3.ts';

// The package's own types know no default export, but only the default export gains its functions once ready.
const api = sodiumModule as unknown as typeof SodiumApi;

interface Loaded {
  readonly sodium: typeof SodiumApi;
  readonly sha256: IHasher;
  readonly blake3: WasmBlake3;
}

let loaded: Loaded | undefined;
let loading: Promise<Loaded> | undefined;

/**
 * Loads the WebAssembly parts (libsodium, SHA-256, BLAKE3). Await it once before anything else of this lib; further calls
 * return at once. Every other function assumes it and throws `not_ready` otherwise.
 */
export async function cryptoReady(): Promise<void> {
  loading ??= load();
  try {
    loaded = await loading;
  } catch (cause) {
    loading = undefined;
    throw cause;
  }
}

async function load(): Promise<Loaded> {
  const [, sha256, blake3] = await Promise.all([api.ready, createSHA256(), WasmBlake3.load()]);
  return { sodium: api, sha256, blake3 };
}

function parts(): Loaded {
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
