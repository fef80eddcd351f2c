import type { Primitives, SigningKeyPair } from '#libs/crypto';
import type { Clock, RandomSource } from '#libs/kernel';
import type { DurableFiles } from '#libs/kernel/node';
import type { BlockSource, NewSlot, PackInfo, PackStore, VaultParameters } from '#libs/vault';
import type { Platform } from '../platform/index.ts';

/** Called for every pack once it is durable in the store, before anything refers to it, and again for packs found after a crash. Idempotent. */
export type OnPack = (pack: PackInfo) => void | Promise<void>;

export interface LocalVaultOptions {
  readonly files: DurableFiles;
  /** Absolute folder of this vault's state: header, head, session journal. Not the packs. */
  readonly folder: string;
  /** Where the packs are and go to. */
  readonly store: PackStore;
  /** Holders to read from where a local pack is damaged. */
  readonly otherSources?: readonly BlockSource[];
  readonly primitives: Primitives;
  readonly masterKey: Uint8Array;
  /** The device's key: signs heads and records. */
  readonly signingKeyPair: SigningKeyPair;
  readonly onPack?: OnPack;
  readonly random?: RandomSource;
  readonly clock?: Clock;
  readonly platform?: Platform;
  /** Opens although index packs are lost, for `repairIndex`: chunks and packs that only those describe are not known. */
  readonly despiteLostIndexPacks?: boolean;
}

export interface CreateLocalVaultOptions extends LocalVaultOptions {
  readonly slots: readonly NewSlot[];
  readonly parameters?: Partial<VaultParameters>;
}
