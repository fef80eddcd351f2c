import { Column, Entity, Index, PrimaryColumn } from 'typeorm';
import type { ReleaseFlag, ReleaseReason, ReleaseState } from '#libs/contracts';
import type { DeviceId, PackId, VaultId } from '#libs/kernel';
import {
  bigColumn,
  booleanColumn,
  idColumn,
  intColumn,
  jsonColumn,
  longTextColumn,
  nullableTimeColumn,
  textColumn,
  timeColumn,
} from '../database/columns.ts';

/** A release as its owner signed it, and what became of it. */
@Entity('releases')
@Index(['vaultId', 'releaseSequence'], { unique: true })
@Index(['state', 'receivedAtMs'])
export class ReleaseEntity {
  @PrimaryColumn(idColumn) releaseId!: string;
  @Column(textColumn(32)) vaultId!: VaultId;
  /** The vault's owner. */
  @Column(idColumn) deviceId!: DeviceId;
  @Column(intColumn) releaseSequence!: number;
  @Column(textColumn(20)) reason!: ReleaseReason;
  /** Signed by the team root in place of the owner. */
  @Column(booleanColumn) byRoot!: boolean;
  @Column(textColumn(10)) state!: ReleaseState;
  @Column(jsonColumn) flags!: ReleaseFlag[];
  @Column(longTextColumn) explanation!: string;
  @Column(intColumn) packs!: number;
  @Column(bigColumn) bytes!: number;
  @Column({ type: 'float' }) share!: number;
  @Column(intColumn) snapshotsForgotten!: number;
  /** Signed statements as JSON text. */
  @Column(longTextColumn) statement!: string;
  @Column(textColumn(43)) releaseHash!: string;
  @Column({ ...longTextColumn, nullable: true }) countersign!: string | null;
  @Column({ ...longTextColumn, nullable: true }) cancel!: string | null;
  @Column(timeColumn) receivedAtMs!: number;
  @Column(nullableTimeColumn) countersignedAtMs!: number | null;
  @Column(nullableTimeColumn) holdUntilMs!: number | null;
  @Column({ ...textColumn(250), nullable: true }) decidedBy!: string | null;
  @Column(nullableTimeColumn) decidedAtMs!: number | null;
  @Column(intColumn) replicasDeleted!: number;
}

/**
 * waiting: its release waits for a person, so it is kept and repaired as ever · released: in hold, no longer repaired or placed ·
 * live: its release was cancelled, or a snapshot needs it again.
 */
export type ReleasedPackState = 'waiting' | 'released' | 'live';

/** The newest release of a pack; a pack has at most one that is open. */
@Entity('released_packs')
@Index(['releaseId', 'state'])
@Index(['vaultId', 'state'])
export class ReleasedPackEntity {
  @PrimaryColumn(textColumn(120)) packId!: PackId;
  @Column(idColumn) releaseId!: string;
  @Column(textColumn(32)) vaultId!: VaultId;
  @Column(bigColumn) sizeBytes!: number;
  @Column(textColumn(10)) state!: ReleasedPackState;
}

/** A snapshot that its owner dropped, whole, so that a cancel can bring it back. */
@Entity('forgotten_snapshots')
@Index(['vaultId', 'forgottenAtMs'])
export class ForgottenSnapshotEntity {
  @PrimaryColumn(idColumn) snapshotId!: string;
  @Column(textColumn(32)) vaultId!: VaultId;
  @Column(timeColumn) forgottenAtMs!: number;
  /** The retention rules, by receipt time, still kept it. */
  @Column(booleanColumn) keptByRules!: boolean;
  /** The row of `snapshots` as JSON text. */
  @Column(longTextColumn) snapshot!: string;
}
