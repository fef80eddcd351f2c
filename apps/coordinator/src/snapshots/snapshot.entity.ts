import { Column, Entity, Index, PrimaryColumn } from 'typeorm';
import type { Protection, SnapshotStats } from '#libs/contracts';
import type { DeviceId, VaultId } from '#libs/kernel';
import {
  booleanColumn,
  idColumn,
  intColumn,
  jsonColumn,
  longTextColumn,
  nullableTimeColumn,
  textColumn,
  timeColumn,
} from '../database/columns.ts';

/** A snapshot as the coordinator knows it: figures, the packs that it needs, and how many of those lack copies. */
@Entity('snapshots')
@Index(['vaultId', 'sequence'], { unique: true })
@Index(['deviceId', 'receivedAtMs'])
export class SnapshotEntity {
  @PrimaryColumn(idColumn) snapshotId!: string;
  @Column(textColumn(32)) vaultId!: VaultId;
  @Column(idColumn) deviceId!: DeviceId;
  @Column(intColumn) sequence!: number;
  @Column(timeColumn) receivedAtMs!: number;
  @Column(timeColumn) startedAtMs!: number;
  @Column(timeColumn) endedAtMs!: number;
  @Column(booleanColumn) partial!: boolean;
  /** Things that could not be read for it; null: it is complete. From `partial` and `stats`, to be asked for in SQL. */
  @Column({ ...intColumn, nullable: true }) unread!: number | null;
  /** Of paths that somebody named; null, never false, for those of everything: the table is older than the difference. */
  @Column({ ...booleanColumn, nullable: true }) adHoc!: true | null;
  /** How long its report waited at the device; null: not long. */
  @Column(nullableTimeColumn) waitedMs!: number | null;
  @Column(jsonColumn) stats!: SnapshotStats;
  /** The deflated bitmap of needed ordinals, base64url, as it came. */
  @Column(longTextColumn) neededPacks!: string;
  /** SHA-256 of the head that came with it, base64url: tells a repeated call from a fork. Empty: it came back after a loss. */
  @Column(textColumn(43)) headHash!: string;
  @Column(intColumn) packs!: number;
  @Column(intColumn) belowMinimum!: number;
  @Column(intColumn) belowTarget!: number;
  @Column(textColumn(10)) protection!: Protection;
  /** When it was first protected; stays when copies are lost later. */
  @Column(nullableTimeColumn) protectedAtMs!: number | null;
}
