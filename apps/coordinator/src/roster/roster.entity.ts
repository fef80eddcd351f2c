import { Column, Entity, PrimaryColumn } from 'typeorm';
import { intColumn, timeColumn } from '../database/columns.ts';

/** The roster's version. Its members are the devices. */
@Entity('roster_version')
export class RosterVersionEntity {
  /** Always 1: there can be no second row. */
  @PrimaryColumn(intColumn) id!: number;
  /** Only ever grows; agents refuse an older one. */
  @Column(intColumn) version!: number;
  @Column(timeColumn) changedAtMs!: number;
}
