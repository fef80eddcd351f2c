import type { PeerId } from '#libs/kernel';
import { concatBytes } from '#libs/kernel';
import { toBase58 } from './base58.ts';
import { signingKeySizes } from './signing-keys.ts';
import { requireLength } from './secret-bytes.ts';

/** identity multihash (0x00), 36 bytes: protobuf PublicKey { Type (1) = Ed25519 (1), Data (2) = 32 bytes }. */
const prefix = Uint8Array.of(0x00, 0x24, 0x08, 0x01, 0x12, 0x20);

/**
 * The libp2p peer id of an Ed25519 public key (libp2p specs, "Peer Ids and Keys"): base58btc of the identity multihash of
 * the protobuf-encoded key; always starts with `12D3KooW`. Throws `bad_key` unless the key is 32 bytes.
 */
export function peerIdFromSigningKey(publicKey: Uint8Array): PeerId {
  requireLength('signing public key', publicKey, signingKeySizes.publicKey);
  return toBase58(concatBytes(prefix, publicKey)) as PeerId;
}
