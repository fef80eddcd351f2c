import { Column, Entity, Index, PrimaryColumn } from 'typeorm';
import type { DeviceId, PackId } from '#libs/kernel';
import { bigColumn, idColumn, intColumn, longTextColumn, nullableTimeColumn, textColumn } from '../database/columns.ts';

/**
 * pending: a job to fetch it is open · held: its holder signed a receipt · returning: held by a device that was gone and is
 * back; counts again when its inventory names the pack · quarantine: failed an audit, or its holder is not believed; counts again when
 * an audit is passed · damaged: its holder found that its copy has rotted; no copy for any purpose, and its file is still there, so that what is good in it
 * can serve in need · trimming: its owner has let it go, since enough others have the pack; it counts no more and is still there for the hold.
 */
export type ReplicaStatus = 'pending' | 'held' | 'returning' | 'quarantine' | 'trimming' | 'damaged';

/** One pack at one holder. */
@Entity('replicas')
@Index(['deviceId', 'packId'])
@Index(['status', 'deviceId'])
@Index('ix_replicas_shed', ['deviceId'], { where: '"shed_since_ms" IS NOT NULL' })
export class ReplicaEntity {
  @PrimaryColumn(textColumn(120)) packId!: PackId;
  @PrimaryColumn(idColumn) deviceId!: DeviceId;
  @Column(textColumn(10)) status!: ReplicaStatus;
  @Column(bigColumn) sizeBytes!: number;
  @Column(intColumn) generation!: number;
  @Column({ ...idColumn, nullable: true }) jobId!: string | null;
  @Column(nullableTimeColumn) heldAtMs!: number | null;
  /** When an inventory last named it. */
  @Column(nullableTimeColumn) confirmedAtMs!: number | null;
  /** Since when it is to leave its holder, whose disk is short. Counts until its owner lets it go; what is still to be placed is counted without it. */
  @Column(nullableTimeColumn) shedSinceMs!: number | null;
  /** When its holder last named the copy on its disk as damaged. Stays while a whole one is on its way, which may never come. */
  @Column(nullableTimeColumn) damagedAtMs!: number | null;
}

/** A holder's signed receipt, kept for the owner to fetch by cursor. */
@Entity('receipts')
@Index(['ownerDeviceId', 'cursor'])
@Index(['packId', 'holderDeviceId'], { unique: true })
export class ReceiptEntity {
  /** Grows over all owners; a renewed receipt gets a new one. */
  @PrimaryColumn({ type: 'bigint', transformer: bigColumn.transformer! }) cursor!: number;
  @Column(textColumn(120)) packId!: PackId;
  @Column(idColumn) holderDeviceId!: DeviceId;
  @Column(idColumn) ownerDeviceId!: DeviceId;
  /** The signed statement as JSON text, as it came. */
  @Column(longTextColumn) statement!: string;
}
