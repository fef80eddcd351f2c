/**
 * Swarm: where packs live and how they travel. A pack store on files, a private libp2p network of the roster's devices
 * and nobody else, resumable verified transfer of packs, bitswap for other IPFS implementations, signed receipts.
 *
 * Main path: {@link startSwarm} → {@link Swarm.setRoster} → {@link Swarm.fetchPack} into a {@link HeldPackStore} →
 * `makeReceipt`. Readers take {@link Swarm.blockSource} and verify with `VerifiedBlocks` of `#libs/vault`.
 * Non-goals: deciding who holds what (libs/durability), reading packs (libs/vault), any public IPFS network.
 *
 * ```ts
 * const own = await FilePackStore.open('/var/lib/holdfast/packs', { name: 'own packs' });
 * const held = await HeldPackStore.open('/var/lib/holdfast/held');
 * const swarm = await startSwarm({ seed, listen: ['/ip4/0.0.0.0/tcp/0'], stores: [own, held.packs], roster });
 * await swarm.fetchPack(packId, sizeBytes, { from: [ownerDeviceId], into: held.sinkFor(about) });
 * ```
 */
export * from './errors.ts';
export { startSwarm } from './start-swarm.ts';
export * from './swarm-types.ts';
export type { PrivateHelia } from './network/bitswap.ts';
export * from './pack-store/pack-receiver.ts';
export { isBadPlace } from './pack-store/disk-errors.ts';
export { FilePackStore } from './pack-store/file-pack-store.ts';
export type { FilePackStoreOptions, PackStoreChange, StoredPack } from './pack-store/file-pack-store.ts';
export type { VerifyResult } from './pack-store/verify-pack-file.ts';
export { HeldPackStore } from './pack-store/held-pack-store.ts';
export type { HeldPack } from './pack-store/held-pack-store.ts';
export * from './pack-transfer/carrier.ts';
export { defaultTransferLimits } from './pack-transfer/limits.ts';
export type { TransferLimits } from './pack-transfer/limits.ts';
export * from './vault-documents/store.ts';
export * from './receipts.ts';
export { exportCar, importCar } from './car.ts';
export { FileVaultDocumentStore } from './vault-documents/file-store.ts';
export type { FileVaultDocumentOptions } from './vault-documents/file-store.ts';
