/**
 * Crypto: every key of Holdfast and what is done with it. Signing and box keys, a vault's subkeys, passphrase boxes,
 * signed statements, the team's keys and recovery kit, join links. The only importer of libsodium. Runs in Node and in
 * browsers; the fast bulk work is behind {@link Primitives}: `#libs/crypto/node` and `#libs/crypto/portable`.
 * The bytes are specified in docs/spec/keys-and-statements.md.
 *
 * Not here: where keys are stored, who may use them, the vault format.
 *
 * ```ts
 * import { cryptoReady, deriveVaultKeys, newMasterKey } from '#libs/crypto';
 * import { systemRandom } from '#libs/kernel';
 * await cryptoReady();
 * const keys = deriveVaultKeys(newMasterKey(systemRandom), 0);
 * ```
 */
export * from './audit-challenge.ts';
export * from './box-keys.ts';
export * from './coordinator-bundle.ts';
export * from './crypto-error.ts';
export * from './join-link.ts';
export { sha256 } from './loaded-parts.ts';
export * from './passphrase-box.ts';
export * from './passphrase-cost.ts';
export * from './passphrase-key.ts';
export * from './peer-id.ts';
export * from './primitives.ts';
export { cryptoReady } from './ready.ts';
export * from './recovery-kit.ts';
export * from './release-statements.ts';
export { constantTimeEqual, wipe } from './secret-bytes.ts';
export * from './restore-order.ts';
export * from './signed-statement.ts';
export * from './signing-keys.ts';
export * from './team-keys.ts';
export * from './vault-keys.ts';
