import { Column, Entity, PrimaryColumn } from 'typeorm';
import { bigColumn, intColumn } from '../database/columns.ts';

/** The worst sample of a day (UTC): a bad hour must not vanish behind a good evening. */
@Entity('protection_days')
export class ProtectionDayEntity {
  @PrimaryColumn({ type: 'bigint', transformer: bigColumn.transformer! }) dayMs!: number;
  @Column(intColumn) protected!: number;
  @Column(intColumn) atRisk!: number;
}
