/** Test doubles and builders of the vault's ports. Never imported by shipped code (a boundary rule says so). Node only. */
export * from './a-pack.ts';
export { aVault, smallParameters, type TestFolder, type TestNode, type TestSpecial, type TestVault } from './a-vault.ts';
export { aVaultId, mulberry32 } from './golden-vectors.ts';
export * from './faulty-pack-store.ts';
export * from './memory-pack-store.ts';
export * from './pack-store-conformance.ts';
export { VaultSession, type VaultSessionOptions } from './vault-session.ts';
