import { Column, Entity, Index, PrimaryColumn } from 'typeorm';
import type { DeviceId, PackId, VaultId } from '#libs/kernel';
import { bigColumn, idColumn, textColumn, timeColumn } from '../database/columns.ts';

/**
 * A pack that a holder's newest inventory named and that is not on record for it: its owner has not announced it (again), or nobody has
 * handed a receipt in. Becomes a replica when a signed receipt comes.
 */
@Entity('shown_packs')
@Index(['deviceId', 'shownAtMs'])
export class ShownPackEntity {
  @PrimaryColumn(textColumn(120)) packId!: PackId;
  @PrimaryColumn(idColumn) deviceId!: DeviceId;
  @Column(textColumn(32)) vaultId!: VaultId;
  @Column(bigColumn) sizeBytes!: number;
  @Column(timeColumn) shownAtMs!: number;
}
