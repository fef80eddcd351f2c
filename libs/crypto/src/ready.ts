import { createSHA256 } from 'hash-wasm';
import sodiumModule from 'libsodium-wrappers';
import type * as SodiumApi from 'libsodium-wrappers';
import type { LoadedParts } from './loaded-parts.ts';
import { setLoadedParts } from './loaded-parts.ts';
import { WasmBlake3 } from './wasm-blake3.ts';

// The package's own types know no default export, but only the default export gains its functions once ready.
const api = sodiumModule as unknown as typeof SodiumApi;

let loading: Promise<LoadedParts> | undefined;

/**
 * Loads the WebAssembly parts (libsodium, SHA-256, BLAKE3). Await it once before anything else of this lib; further calls
 * return at once. Every other function assumes it and throws `not_ready` otherwise.
 */
export async function cryptoReady(): Promise<void> {
  loading ??= load();
  try {
    setLoadedParts(await loading);
  } catch (cause) {
    // The next call tries again.
    loading = undefined;
    throw cause;
  }
}

async function load(): Promise<LoadedParts> {
  const [, sha256, blake3] = await Promise.all([api.ready, createSHA256(), WasmBlake3.load()]);
  return { sodium: api, sha256, blake3 };
}
