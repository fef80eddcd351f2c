import { Column, Entity, Index, PrimaryColumn } from 'typeorm';
import type { DeviceId } from '#libs/kernel';
import { bigColumn, booleanColumn, idColumn, longTextColumn, nullableTimeColumn, textColumn, timeColumn } from '../database/columns.ts';

/**
 * One memory of the coordinator: from one loss to the next. The present one has the highest ordinal. Never deleted, so that a device
 * that comes back after years is known to mean an old one.
 */
@Entity('memories')
export class MemoryEntity {
  @PrimaryColumn(idColumn) memoryId!: string;
  @Index({ unique: true })
  @Column(bigColumn)
  ordinal!: number;
  @Column(bigColumn) mark!: number;
  @Column(timeColumn) sinceMs!: number;
  /** It began with a loss; false: with the team. */
  @Column(booleanColumn) afterLoss!: boolean;
  /** What the loss was noticed by, in plain words. */
  @Column(longTextColumn) cause!: string;
  /** Repair went on: enough had reported, or a person said so. */
  @Column(nullableTimeColumn) endedAtMs!: number | null;
  @Column({ ...textColumn(250), nullable: true }) endedBy!: string | null;
}

/** "This device has told everything that it knows, for this memory." */
@Entity('rebuild_reports')
export class RebuildReportEntity {
  @PrimaryColumn(idColumn) memoryId!: string;
  @PrimaryColumn(idColumn) deviceId!: DeviceId;
  @Column(timeColumn) reportedAtMs!: number;
}
