import { Column, Entity, Index, PrimaryColumn } from 'typeorm';
import type { DeviceId, VaultId } from '#libs/kernel';
import { bigColumn, idColumn, intColumn, longTextColumn, nullableTimeColumn, textColumn, timeColumn } from '../database/columns.ts';

/** One device's vault as the coordinator knows it: documents that only a key opens, and sums. */
@Entity('vaults')
export class VaultEntity {
  @PrimaryColumn(textColumn(32)) vaultId!: VaultId;
  @Index({ unique: true })
  @Column(idColumn)
  deviceId!: DeviceId;
  @Column(timeColumn) createdAtMs!: number;
  /** The stored bytes, base64url; null until the owner has sent it. */
  @Column({ ...longTextColumn, nullable: true }) header!: string | null;
  @Column(nullableTimeColumn) headerAtMs!: number | null;
  /** The newest signed head, base64url. Several MiB for a large vault: only ever read for one vault at a time. */
  @Column({ ...longTextColumn, nullable: true }) head!: string | null;
  @Column({ ...intColumn, nullable: true }) headSequence!: number | null;
  @Column(bigColumn) packs!: number;
  @Column(bigColumn) bytes!: number;
}
