import { Column, Entity, Index, PrimaryColumn } from 'typeorm';
import type { Restore } from '#libs/contracts';
import type { DeviceId, VaultId } from '#libs/kernel';
import { idColumn, intColumn, jsonColumn, longTextColumn, nullableTimeColumn, textColumn, timeColumn } from '../database/columns.ts';

/** A restore that somebody asked for. The sealed key is only in its job, and only until that ends. */
@Entity('restores')
export class RestoreEntity implements Restore {
  @PrimaryColumn(idColumn) restoreId!: string;
  @Column(textColumn(32)) vaultId!: VaultId;
  @Column(idColumn) ownerDeviceId!: DeviceId;
  @Column(idColumn) targetDeviceId!: DeviceId;
  @Column(intColumn) snapshotSequence!: number;
  @Column(jsonColumn) paths!: string[];
  @Column({ ...longTextColumn, nullable: true }) destination!: string | null;
  @Column(textColumn(20)) conflict!: Restore['conflict'];
  @Column(textColumn(20)) state!: Restore['state'];
  @Column(textColumn(250)) requestedBy!: string;
  @Index()
  @Column(timeColumn)
  createdAtMs!: number;
  @Column(nullableTimeColumn) endedAtMs!: number | null;
  @Column({ ...jsonColumn, nullable: true }) progress!: Restore['progress'];
  @Column({ ...jsonColumn, nullable: true }) summary!: Restore['summary'];
  @Column({ ...textColumn(60), nullable: true }) errorCode!: string | null;
  @Column({ ...longTextColumn, nullable: true }) errorMessage!: string | null;
}
