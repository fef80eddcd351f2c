import { Column, Entity, Index, PrimaryColumn } from 'typeorm';
import type { Job, JobTask } from '#libs/contracts';
import type { DeviceId, PackId } from '#libs/kernel';
import { idColumn, intColumn, jsonColumn, longTextColumn, nullableTimeColumn, textColumn, timeColumn } from '../database/columns.ts';

/** Work for a device. Taken is a lease: when it runs out the job is open again. */
@Entity('jobs')
@Index(['deviceId', 'state'])
@Index(['state', 'leaseUntilMs'])
export class JobEntity {
  @PrimaryColumn(idColumn) jobId!: string;
  @Column(idColumn) deviceId!: DeviceId;
  @Column(textColumn(20)) kind!: JobTask['kind'];
  @Column(jsonColumn) task!: JobTask;
  @Column(textColumn(10)) state!: Job['state'];
  @Column(intColumn) attempt!: number;
  @Column(timeColumn) createdAtMs!: number;
  @Column(timeColumn) expiresAtMs!: number;
  /** Not handed out before: the pause after a failed attempt. */
  @Column(timeColumn) notBeforeMs!: number;
  @Column(nullableTimeColumn) leaseUntilMs!: number | null;
  @Index()
  @Column(nullableTimeColumn)
  endedAtMs!: number | null;
  @Index()
  @Column({ ...textColumn(120), nullable: true })
  packId!: PackId | null;
  @Column({ ...idColumn, nullable: true }) restoreId!: string | null;
  /** 1: a repair that keeps to its share of the device's slots; null otherwise. */
  @Column({ ...intColumn, nullable: true }) inShare!: number | null;
  /** Of the last failed attempt. */
  @Column({ ...textColumn(60), nullable: true }) errorCode!: string | null;
  @Column({ ...longTextColumn, nullable: true }) errorMessage!: string | null;
}
