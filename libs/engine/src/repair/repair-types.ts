import type { PackId } from '#libs/kernel';
import type { PackInfo } from '#libs/vault';
import type { LocalVault } from '../local-vault/local-vault.ts';
import type { OnProgress } from '../progress.ts';

export interface RepairIndexOptions {
  /** Opened with `despiteLostIndexPacks`, and with the holders as `otherSources`: what they have is not lost. */
  readonly vault: LocalVault;
  /** Read every byte of every pack too; otherwise header, directory and trailer. */
  readonly readData?: boolean;
  /** Say what would be done. */
  readonly dryRun?: boolean;
  /** Give up, for good, the snapshots whose record can't be read now. Without it such a repair is refused: their holders may only be away. */
  readonly forgetLost?: boolean;
  readonly onProgress?: OnProgress;
  readonly signal?: AbortSignal;
}

/** A pack that no source has whole. */
export interface DamagedPack {
  readonly packId: PackId;
  readonly ordinal: number;
  readonly sizeBytes: number;
  readonly kind: PackInfo['kind'];
  readonly reason: string;
}

export interface RepairIndexReport {
  /** Packs that were looked at. */
  readonly packs: number;
  /** They are no part of the vault any more, and on no list of what may be deleted. */
  readonly damaged: readonly DamagedPack[];
  /** Whole at another source, damaged or missing in the own store; still part of the vault. */
  readonly elsewhere: readonly PackInfo[];
  /** Lost once, found whole again, part of the vault again. */
  readonly adopted: readonly PackInfo[];
  /** Packs of the vault that no readable index pack described, or that have what was in a damaged one, and that the index names (again). */
  readonly reindexed: number;
  /** Chunks that were read out of damaged packs, or of packs that no index names, and stored anew. */
  readonly copiedChunks: number;
  /** Chunks that count as known no longer: the next backup stores those again that are still in files. */
  readonly lostChunks: number;
  /** Their record is in no source; they are off the head. */
  readonly lostSnapshots: readonly number[];
  /** The copy of an older snapshot's record that stands in for a lost newest one, so that no number is used twice. */
  readonly standIn: number | undefined;
  /** What was written, index packs included. */
  readonly newPacks: readonly PackInfo[];
  /** Whether a new head was written, or would be. */
  readonly changed: boolean;
}
