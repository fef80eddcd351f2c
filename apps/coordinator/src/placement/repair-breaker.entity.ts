import { Column, Entity, PrimaryColumn } from 'typeorm';
import { intColumn, nullableTimeColumn } from '../database/columns.ts';

/** Whether repair stands still for an outage: one row, id 1. Kept, since a restart must not let it go on. */
@Entity('repair_breaker')
export class RepairBreakerEntity {
  @PrimaryColumn(intColumn) id!: number;
  @Column(nullableTimeColumn) openSinceMs!: number | null;
  /** Since when enough devices are back. */
  @Column(nullableTimeColumn) calmSinceMs!: number | null;
}
