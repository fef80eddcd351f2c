declare const brand: unique symbol;
/** A string that only its own parser may produce, so that one kind of id can't be passed for another. */
export type Branded<T, Name extends string> = T & { readonly [brand]: Name };

/** UUID (36 characters) of an enrolled device. */
export type DeviceId = Branded<string, 'DeviceId'>;
/** 32 lower-case hex digits: the 16 random bytes that stand in every pack header of the vault. */
export type VaultId = Branded<string, 'VaultId'>;
/** Root CID of a pack: CIDv1, dag-pb, BLAKE3-256 by default, base32 text. */
export type PackId = Branded<string, 'PackId'>;
/** libp2p peer id of a device, base58 text of its Ed25519 public key. */
export type PeerId = Branded<string, 'PeerId'>;

const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;
const vaultId = /^[0-9a-f]{32}$/;
/** CIDv1 base32: `b` + lower-case base32. A 32-byte digest gives 59 characters. */
const packId = /^b[a-z2-7]{58,110}$/;
const peerId = /^[1-9A-HJ-NP-Za-km-z]{40,80}$/;

export const isDeviceId = (text: string): text is DeviceId => uuid.test(text);
export const isVaultId = (text: string): text is VaultId => vaultId.test(text);
/** Checks the shape only; decoding the CID is for those who open the pack. */
export const isPackId = (text: string): text is PackId => packId.test(text);
export const isPeerId = (text: string): text is PeerId => peerId.test(text);
