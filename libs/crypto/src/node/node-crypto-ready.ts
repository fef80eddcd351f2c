import { setLoadedParts } from '../loaded-parts.ts';
import { nativeBlake3 } from './node-blake3.ts';
import { nativeSodiumCalls } from './native-sodium-calls.ts';
import { nodeSha256 } from './node-sha256.ts';
import { nativeSodium } from './sodium-binary.ts';

let ready = false;

/**
 * `cryptoReady()` for Node: libsodium by its binary and SHA-256 by Node itself, which are there at once; WebAssembly (50 ms of processor time and 12 MiB at the start
 * of a program) is loaded only where a binary is missing. The same bytes either way. Further calls return at once.
 */
export async function nodeCryptoReady(): Promise<void> {
  if (ready) return;
  const binary = nativeSodium();
  if (!binary || !nativeBlake3()) {
    const { cryptoReady } = await import('../ready.ts');
    return cryptoReady();
  }
  setLoadedParts({ sodium: nativeSodiumCalls(binary), sha256: nodeSha256, blake3: undefined });
  ready = true;
}
