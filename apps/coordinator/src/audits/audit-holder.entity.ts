import { Column, Entity, Index, PrimaryColumn } from 'typeorm';
import type { AuditEventKind } from '#libs/contracts';
import type { DeviceId, PackId } from '#libs/kernel';
import { bigColumn, idColumn, intColumn, longTextColumn, nullableTimeColumn, textColumn, timeColumn } from '../database/columns.ts';

/** What audits say of one holder as a whole. */
@Entity('audit_holders')
export class AuditHolderEntity {
  @PrimaryColumn(idColumn) deviceId!: DeviceId;
  @Column(bigColumn) passed!: number;
  @Column(bigColumn) failed!: number;
  @Column(bigColumn) timedOut!: number;
  @Column(nullableTimeColumn) lastPassedAtMs!: number | null;
  /** It is not believed since then; null: it is. */
  @Column(nullableTimeColumn) quarantinedAtMs!: number | null;
  @Column(longTextColumn) quarantineReason!: string;
  /** Audits passed without a failure in between since it was quarantined. */
  @Column(intColumn) passedInARow!: number;
  /** Failures before this no longer count: an admin released it then. */
  @Column(timeColumn) failuresCountFromMs!: number;
  /** It is to read everything that it holds; null when it did since it was asked. */
  @Column(nullableTimeColumn) scanWantedSinceMs!: number | null;
  @Column(nullableTimeColumn) lastScanEndedAtMs!: number | null;
  @Column(bigColumn) lastScanPacks!: number;
  @Column(bigColumn) lastScanDamaged!: number;
}

/** Counts of one holder and one UTC day. */
@Entity('audit_days')
@Index(['dayMs'])
export class AuditDayEntity {
  @PrimaryColumn(idColumn) deviceId!: DeviceId;
  @PrimaryColumn({ type: 'bigint', transformer: bigColumn.transformer! }) dayMs!: number;
  @Column(intColumn) passed!: number;
  @Column(intColumn) failed!: number;
  @Column(intColumn) timedOut!: number;
}

/** How certain a failure is. `overruled`: the blocks showed that the holder was right. */
export type FailureWeight = 'none' | 'open' | 'proved' | 'overruled';

/** What a person may want to know of a holder's audits; passes are only counted. */
@Entity('audit_events')
@Index(['deviceId', 'atMs'])
@Index(['atMs'])
export class AuditEventEntity {
  @PrimaryColumn(idColumn) eventId!: string;
  @Column(idColumn) deviceId!: DeviceId;
  @Column(timeColumn) atMs!: number;
  @Column(textColumn(20)) kind!: AuditEventKind;
  @Column({ ...textColumn(120), nullable: true }) packId!: PackId | null;
  @Column({ ...idColumn, nullable: true }) ownerDeviceId!: DeviceId | null;
  @Column(longTextColumn) cause!: string;
  /** Whether, and how certainly, it speaks against the holder. */
  @Column(textColumn(10)) weight!: FailureWeight;
}
