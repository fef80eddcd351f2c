import { Column, Entity, PrimaryColumn } from 'typeorm';
import { idColumn, intColumn, longTextColumn, textColumn, timeColumn } from '../database/columns.ts';

/** One line of the hash chain. `detail` is kept as the very text that was hashed. */
@Entity('audit_log')
export class AuditEntryEntity {
  /** From 1, without gaps. */
  @PrimaryColumn(intColumn) sequence!: number;
  @Column(timeColumn) atMs!: number;
  @Column(textColumn(250)) actor!: string;
  @Column(textColumn(60)) action!: string;
  @Column(textColumn(250)) subject!: string;
  @Column({ ...idColumn, nullable: true }) deviceId!: string | null;
  @Column(longTextColumn) detail!: string;
  /** Hex BLAKE3-256 over the previous entry's hash and this entry. */
  @Column(textColumn(64)) hash!: string;
}
