import { Column, Entity, Index, PrimaryColumn } from 'typeorm';
import type { VaultId } from '#libs/kernel';
import { bigColumn, idColumn, jsonColumn, longTextColumn, textColumn, timeColumn } from '../database/columns.ts';

/** A head that was replaced by one that drops snapshots or moves their packs: the way back while the packs are still held. */
@Entity('kept_heads')
@Index(['vaultId', 'keptAtMs'])
export class KeptHeadEntity {
  @PrimaryColumn(idColumn) keptHeadId!: string;
  @Column(textColumn(32)) vaultId!: VaultId;
  /** The head's own sequence; 0: it could not be read. */
  @Column(bigColumn) headSequence!: number;
  @Column(timeColumn) keptAtMs!: number;
  /** Sequences of the snapshots that it lists. */
  @Column(jsonColumn) snapshots!: number[];
  @Column(longTextColumn) head!: string;
}
