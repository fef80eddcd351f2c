import { Column, Entity, PrimaryColumn } from 'typeorm';
import { idColumn, nullableTimeColumn, textColumn, timeColumn } from '../database/columns.ts';

/** Who runs a schedule now. With several coordinators on one database only the holder of the lease works. */
@Entity('schedule_leases')
export class ScheduleLeaseEntity {
  @PrimaryColumn(textColumn(60)) name!: string;
  /** One process of the coordinator; null: nobody. */
  @Column({ ...idColumn, nullable: true }) holder!: string | null;
  @Column(timeColumn) leasedUntilMs!: number;
  @Column(nullableTimeColumn) lastStartedAtMs!: number | null;
  @Column(nullableTimeColumn) lastEndedAtMs!: number | null;
}
