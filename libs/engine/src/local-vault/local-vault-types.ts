import type { SnapshotStats } from '#libs/contracts';
import type { Primitives, SigningKeyPair } from '#libs/crypto';
import type { Clock, PackId, RandomSource } from '#libs/kernel';
import type { DurableFiles } from '#libs/kernel/node';
import type { BlockSource, NewSlot, PackInfo, PackStore, SnapshotRecord, VaultParameters } from '#libs/vault';
import type { Platform } from '../platform/index.ts';
import type { LostPack } from './lost-packs.ts';
import type { HeadChange } from './next-head.ts';
import type { RetiredPack } from './retired-packs.ts';

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

/** What a finished run says of itself; the vault adds sequence, previous record and end. */
export type NewRecord = Omit<SnapshotRecord, 'sequence' | 'previous' | 'endedAtMs' | 'stats'> & { readonly stats: SnapshotStats };

/** Everything that one new head brings. */
export interface VaultChange extends Omit<HeadChange, 'newIndexPacks' | 'records'> {
  /** Packs that become part of the vault, by ordinal; others that no index names yet stay in the journal. */
  readonly include: ReadonlySet<number>;
  /** Merged fragments, to stand before that of the included packs. */
  readonly fragments?: readonly Uint8Array[];
  /** Plain records to store: a new one, or those of an index pack that is replaced. */
  readonly records?: readonly { readonly sequence: number; readonly plaintext: Uint8Array }[];
  /** Packs that the vault does without from now on. */
  readonly retire?: readonly { readonly pack: PackInfo; readonly reason: RetiredPack['reason'] }[];
  /**
   * Packs that no source has whole. The vault does without them like without those that retire, but nobody may release or delete them: a
   * machine that is away may bring one back, see `LocalVault.lostPacks`.
   */
  readonly lose?: readonly LostPack[];
  /** Whether a pack is on enough other machines already: what is retired waits for all of the vault that is not. Default: none is. */
  readonly isProtected?: (packId: PackId) => boolean;
}
