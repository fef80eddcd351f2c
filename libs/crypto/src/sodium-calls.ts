/**
 * The calls of libsodium that Holdfast makes, by libsodium's own names and with its results: WebAssembly everywhere (`libsodium-wrappers`), its binary in Node.
 * Lengths of keys and nonces are checked by whoever calls. Throws where libsodium refuses.
 */
export interface SodiumCalls {
  crypto_sign_seed_keypair(seed: Uint8Array): { readonly publicKey: Uint8Array; readonly privateKey: Uint8Array };
  crypto_sign_detached(message: Uint8Array, secretKey: Uint8Array): Uint8Array;
  crypto_sign_verify_detached(signature: Uint8Array, message: Uint8Array, publicKey: Uint8Array): boolean;
  crypto_scalarmult_base(secretKey: Uint8Array): Uint8Array;
  crypto_box_seal(plaintext: Uint8Array, publicKey: Uint8Array): Uint8Array;
  crypto_box_seal_open(sealed: Uint8Array, publicKey: Uint8Array, secretKey: Uint8Array): Uint8Array;
  crypto_secretbox_easy(plaintext: Uint8Array, nonce: Uint8Array, key: Uint8Array): Uint8Array;
  crypto_secretbox_open_easy(sealed: Uint8Array, nonce: Uint8Array, key: Uint8Array): Uint8Array;
  crypto_kdf_derive_from_key(lengthBytes: number, id: bigint, context: string, key: Uint8Array): Uint8Array;
}
