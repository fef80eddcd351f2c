import { createSHA256 } from 'hash-wasm';
import sodiumModule from 'libsodium-wrappers';
import type * as SodiumApi from 'libsodium-wrappers';
import { setLoadedParts } from './loaded-parts.ts';
import { WasmBlake3 } from './wasm-blake3.ts';

// The package's own types know no default export, but only the default export gains its functions once ready.
const api = sodiumModule as unknown as typeof SodiumApi;

/** The parts in WebAssembly. */
export interface WasmParts {
  readonly sodium: typeof SodiumApi;
  readonly sha256: (data: Uint8Array) => Uint8Array;
  readonly blake3: WasmBlake3;
}

let loading: Promise<WasmParts> | undefined;

/**
 * Loads the WebAssembly parts (libsodium, SHA-256, BLAKE3). Await it once before anything else of this lib; further calls
 * return at once. Every other function assumes it and throws `not_ready` otherwise. In Node `nodeCryptoReady()` of `#libs/crypto/node` does the same for less.
 */
export async function cryptoReady(): Promise<void> {
  setLoadedParts(await wasmParts());
}

/** Loads them once. Internal to this lib. */
export async function wasmParts(): Promise<WasmParts> {
  loading ??= load();
  try {
    return await loading;
  } catch (cause) {
    // The next call tries again.
    loading = undefined;
    throw cause;
  }
}

async function load(): Promise<WasmParts> {
  const [, sha256, blake3] = await Promise.all([api.ready, createSHA256(), WasmBlake3.load()]);
  return { sodium: api, sha256: (data) => sha256.init().update(data).digest('binary'), blake3 };
}
