/**
 * HChaCha20 (draft-irtf-cfrg-xchacha-03, section 2.2): a 32-byte subkey from a 32-byte key and a 16-byte nonce.
 * Once a pack, so clarity counts more than speed.
 */
export function hChaCha20(key: Uint8Array, nonce: Uint8Array): Uint8Array {
  const state = new Uint32Array(16);
  // "expand 32-byte k"
  state.set([0x61707865, 0x3320646e, 0x79622d32, 0x6b206574]);
  const keyView = new DataView(key.buffer, key.byteOffset, 32);
  const nonceView = new DataView(nonce.buffer, nonce.byteOffset, 16);
  for (let i = 0; i < 8; i += 1) state[4 + i] = keyView.getUint32(4 * i, true);
  for (let i = 0; i < 4; i += 1) state[12 + i] = nonceView.getUint32(4 * i, true);
  for (let round = 0; round < 10; round += 1) {
    quarterRound(state, 0, 4, 8, 12);
    quarterRound(state, 1, 5, 9, 13);
    quarterRound(state, 2, 6, 10, 14);
    quarterRound(state, 3, 7, 11, 15);
    quarterRound(state, 0, 5, 10, 15);
    quarterRound(state, 1, 6, 11, 12);
    quarterRound(state, 2, 7, 8, 13);
    quarterRound(state, 3, 4, 9, 14);
  }
  const out = new Uint8Array(32);
  const view = new DataView(out.buffer);
  for (let i = 0; i < 4; i += 1) {
    view.setUint32(4 * i, state[i]!, true);
    view.setUint32(16 + 4 * i, state[12 + i]!, true);
  }
  state.fill(0);
  return out;
}

function quarterRound(s: Uint32Array, a: number, b: number, c: number, d: number): void {
  s[a] = s[a]! + s[b]!;
  s[d] = rotate(s[d]! ^ s[a], 16);
  s[c] = s[c]! + s[d];
  s[b] = rotate(s[b]! ^ s[c], 12);
  s[a] = s[a] + s[b];
  s[d] = rotate(s[d] ^ s[a], 8);
  s[c] = s[c] + s[d];
  s[b] = rotate(s[b] ^ s[c], 7);
}

const rotate = (value: number, bits: number): number => (value << bits) | (value >>> (32 - bits));
