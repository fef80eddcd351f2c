import {
  type BoxKeyPair,
  boxKeyPairFromSecretKey,
  cryptoReady,
  deriveVaultKeys,
  type Primitives,
  type SigningKeyPair,
  signingKeyPairFromSeed,
} from '#libs/crypto';
import { nodePrimitives } from '#libs/crypto/node';
import { utf8 } from '#libs/kernel';
import { seededRandom } from '#libs/kernel/testing';
import { VerifiedBlocks, type VerifiedBlocksOptions } from '../read/verified-blocks.ts';
import { type OpenVaultOptions, VaultReader } from '../read/vault-reader.ts';
import { createVault } from '../header/key-slots.ts';
import type { VaultHead } from '../head/vault-head.ts';
import type { VaultHeader, VaultParameters } from '../header/vault-header.ts';
import type { BlockSource } from '../ports.ts';
import type { SnapshotRecord } from '../snapshot/snapshot-record.ts';
import type { DataRange, TreeEntry } from '../tree/tree-entry.ts';
import { type MemoryPackStore, memoryPackStore } from './memory-pack-store.ts';
import { VaultSession } from './vault-session.ts';

/** A small chunk size, so that a test file of some KiB has several chunks. */
export const smallParameters: Partial<VaultParameters> = {
  chunkMinBytes: 1024,
  chunkAvgBytes: 4096,
  chunkMaxBytes: 16_384,
  dataPackBytes: 256 * 1024,
  metaPackBytes: 64 * 1024,
};

/** Everything about one vault in memory, keys included. */
export interface TestVault {
  readonly primitives: Primitives;
  readonly masterKey: Uint8Array;
  readonly signingKeyPair: SigningKeyPair;
  readonly recoveryKeyPair: BoxKeyPair;
  readonly passphrase: string;
  readonly header: VaultHeader;
  readonly headerBytes: Uint8Array;
  readonly store: MemoryPackStore;
  /** Newest head; undefined before the first snapshot. */
  headBytes: Uint8Array | undefined;
  head: VaultHead | undefined;
  /** Backs up a tree of plain objects as one snapshot. */
  snapshot(root: TestFolder, options?: Partial<SnapshotRecord> & { readonly path?: string }): Promise<VaultHead>;
  /** A reader over the vault's own store, or over these sources. */
  open(
    options?: {
      readonly sources?: readonly BlockSource[];
      readonly onRejected?: VerifiedBlocksOptions['onRejected'];
    } & Partial<OpenVaultOptions>,
  ): Promise<VaultReader>;
}

/** `bytes`: a file; an object: a folder; with `entry`: any entry, its content given beside it. */
export type TestNode = Uint8Array | TestFolder | TestSpecial;
export interface TestFolder {
  readonly [name: string]: TestNode;
}
/** Keys that can't be names, as they hold a slash. */
export interface TestSpecial {
  readonly '/entry': Partial<TreeEntry>;
  readonly '/content'?: Uint8Array;
  readonly '/ranges'?: readonly DataRange[];
}

export async function aVault(
  options: { readonly seed?: number; readonly parameters?: Partial<VaultParameters>; readonly primitives?: Primitives } = {},
): Promise<TestVault> {
  await cryptoReady();
  const random = seededRandom(options.seed ?? 1);
  const primitives = options.primitives ?? nodePrimitives();
  const masterKey = random.bytes(32);
  const signingKeyPair = signingKeyPairFromSeed(random.bytes(32));
  const recoveryKeyPair = boxKeyPairFromSecretKey(random.bytes(32));
  const passphrase = 'correct horse battery staple';
  const { headerBytes, header } = await createVault({
    primitives,
    random,
    nowMs: Date.UTC(2026, 0, 5),
    masterKey,
    signingKeyPair,
    parameters: { ...smallParameters, ...options.parameters },
    slots: [
      { kind: 'passphrase', passphrase, label: 'passphrase', cost: { memoryKiB: 64, passes: 1 } },
      { kind: 'recovery', publicKey: recoveryKeyPair.publicKey, label: 'team recovery key' },
    ],
  });
  const store = memoryPackStore({ name: 'owner' });
  const session = new VaultSession({ primitives, random, keys: deriveVaultKeys(masterKey, 0), header, signingKeyPair, store });
  const vault: TestVault = {
    primitives,
    masterKey,
    signingKeyPair,
    recoveryKeyPair,
    passphrase,
    header,
    headerBytes,
    store,
    headBytes: undefined,
    head: undefined,
    async snapshot(root, { path = '/home/ann', ...record } = {}) {
      const { head, headBytes } = await session.commit(utf8(path), await session.storeFolder(root), record);
      vault.head = head;
      vault.headBytes = headBytes;
      return head;
    },
    open({ sources = [store], onRejected, ...rest } = {}) {
      const blocks = new VerifiedBlocks({ primitives: rest.primitives ?? primitives, sources, onRejected });
      return VaultReader.open({ primitives, masterKey, headerBytes, headBytes: vault.headBytes!, blocks, ...rest });
    },
  };
  return vault;
}
