import { Column, Entity, Index, PrimaryColumn } from 'typeorm';
import type { Run } from '#libs/contracts';
import type { DeviceId } from '#libs/kernel';
import { bigColumn, idColumn, intColumn, longTextColumn, nullableTimeColumn, textColumn, timeColumn } from '../database/columns.ts';

/** One backup run, as its device last reported it. */
@Entity('runs')
@Index(['deviceId', 'startedAtMs'])
@Index(['startedAtMs'])
export class RunEntity implements Run {
  @PrimaryColumn(idColumn) runId!: string;
  @Column(idColumn) deviceId!: DeviceId;
  @Column(textColumn(20)) trigger!: Run['trigger'];
  @Column(textColumn(20)) state!: Run['state'];
  @Column(timeColumn) startedAtMs!: number;
  @Column(nullableTimeColumn) endedAtMs!: number | null;
  @Column(bigColumn) filesDone!: number;
  @Column(bigColumn) bytesDone!: number;
  @Column({ ...intColumn, nullable: true }) snapshotSequence!: number | null;
  @Column({ ...textColumn(200), nullable: true }) errorCode!: string | null;
  @Column({ ...longTextColumn, nullable: true }) errorMessage!: string | null;
  @Column(intColumn) fileErrors!: number;
}
