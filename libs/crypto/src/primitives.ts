/**
 * The slow half of cryptography as a port, so that the same vault code runs on native speed in Node
 * (`#libs/crypto/node`) and on WebAssembly in a browser (`#libs/crypto/portable`). Both give identical bytes;
 * one conformance suite holds them to it.
 */
export interface Primitives {
  readonly name: 'node' | 'portable';
  /** BLAKE3-256, 32 bytes. */
  blake3(data: Uint8Array): Uint8Array;
  /** BLAKE3 in keyed mode, 32-byte key, 32-byte result. */
  keyedBlake3(key: Uint8Array, data: Uint8Array): Uint8Array;
  /** As {@link keyedBlake3} over data that comes in pieces; any number may be under way at once. */
  keyedHasher(key: Uint8Array): KeyedHasher;
  /** SHA-256, for CIDs that ask for it. */
  sha256(data: Uint8Array): Uint8Array;
  /** XChaCha20-Poly1305 (draft-irtf-cfrg-xchacha-03) for one pack: the nonce is the 16-byte prefix followed by u64le(n). */
  sealer(key: Uint8Array, noncePrefix: Uint8Array): Sealer;
  /**
   * Zstandard, RFC 8878, level 1 to 19 (default 1). The result is valid until the next call in this thread, which may use its memory again: copy or seal
   * it before anything is waited for. Throws `compression_unavailable` where only reading is possible (browser).
   */
  compress(data: Uint8Array, level?: number): Uint8Array;
  /**
   * Throws `decompress_failed` unless the output is exactly `plainLength` bytes; never allocates more. `into`: memory for the result (at least
   * `plainLength` bytes, none of them of `data`), which may be used: the result is then a view of its start, and what is behind is untouched.
   */
  decompress(data: Uint8Array, plainLength: number, into?: Uint8Array): Uint8Array;
}

export interface KeyedHasher {
  update(data: Uint8Array): void;
  /** 32 bytes. Ends it: neither method may be called again. */
  digest(): Uint8Array;
}

export interface Sealer {
  /** Ciphertext followed by the 16-byte tag. `n` is an unsigned 64-bit number that must not repeat under one key and prefix. */
  seal(n: number | bigint, plaintext: Uint8Array, associatedData: Uint8Array): Uint8Array;
  /** {@link seal} to the start of `into`, which has room for 16 bytes more than `plaintext` and shares no memory with it. */
  sealInto(n: number | bigint, plaintext: Uint8Array, associatedData: Uint8Array, into: Uint8Array): void;
  /**
   * Throws `open_failed` when anything (bytes, n, associated data, key) differs from what was sealed. `into`: memory for the plaintext (at least 16
   * bytes less than `sealed`, and none of its own), which may be used: the result is then a view of its start. Zeroed when it throws.
   */
  open(n: number | bigint, sealed: Uint8Array, associatedData: Uint8Array, into?: Uint8Array): Uint8Array;
}
