import { Column, Entity, Index, PrimaryColumn } from 'typeorm';
import type { VaultId } from '#libs/kernel';
import { idColumn, textColumn, timeColumn } from '../database/columns.ts';

/** A snapshot that a person wants kept whatever the retention rules say; packs that it needs can't be released. */
@Entity('snapshot_pins')
@Index(['vaultId'])
export class SnapshotPinEntity {
  @PrimaryColumn(idColumn) snapshotId!: string;
  @Column(textColumn(32)) vaultId!: VaultId;
  @Column(textColumn(250)) pinnedBy!: string;
  @Column(timeColumn) pinnedAtMs!: number;
}
