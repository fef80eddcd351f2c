import { Column, Entity, Index, PrimaryColumn } from 'typeorm';
import type { DeviceId, PackId, VaultId } from '#libs/kernel';
import { bigColumn, idColumn, intColumn, longTextColumn, textColumn, timeColumn } from '../database/columns.ts';

/** Packs of one vault that one holder may let go, as their owner signed it, and what became of it. */
@Entity('trims')
@Index(['vaultId', 'trimSequence'], { unique: true })
@Index(['state', 'holderDeviceId'])
export class TrimEntity {
  @PrimaryColumn(idColumn) releaseId!: string;
  @Column(textColumn(32)) vaultId!: VaultId;
  /** The vault's owner. */
  @Column(idColumn) deviceId!: DeviceId;
  @Column(idColumn) holderDeviceId!: DeviceId;
  @Column(intColumn) trimSequence!: number;
  @Column(textColumn(10)) state!: 'holding' | 'cancelled' | 'done';
  @Column(intColumn) packs!: number;
  @Column(bigColumn) bytes!: number;
  /** Signed statements as JSON text. */
  @Column(longTextColumn) statement!: string;
  @Column(textColumn(43)) releaseHash!: string;
  @Column(longTextColumn) countersign!: string;
  @Column({ ...longTextColumn, nullable: true }) cancel!: string | null;
  @Column(timeColumn) receivedAtMs!: number;
  @Column(timeColumn) holdUntilMs!: number;
}

/** A replica that is being let go. Gone from here once its holder has deleted it, or it is wanted after all. */
@Entity('trimmed_packs')
@Index(['releaseId'])
export class TrimmedPackEntity {
  @PrimaryColumn(textColumn(120)) packId!: PackId;
  @PrimaryColumn(idColumn) holderDeviceId!: DeviceId;
  @Column(idColumn) releaseId!: string;
}

/** Since when a pack has had more copies than a trim has to leave, without a break. */
@Entity('surplus_packs')
@Index(['ownerDeviceId', 'sinceMs'])
export class SurplusPackEntity {
  @PrimaryColumn(textColumn(120)) packId!: PackId;
  @Column(idColumn) ownerDeviceId!: DeviceId;
  @Column(timeColumn) sinceMs!: number;
}
