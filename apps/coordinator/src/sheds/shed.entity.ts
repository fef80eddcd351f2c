import { Column, Entity, PrimaryColumn } from 'typeorm';
import type { ShedObstacle } from '#libs/durability';
import type { DeviceId } from '#libs/kernel';
import { bigColumn, idColumn, nullableTimeColumn, textColumn } from '../database/columns.ts';

/** A device whose disk is short, or was until lately. Which of its copies are to leave is noted with the replicas. */
@Entity('sheds')
export class ShedEntity {
  @PrimaryColumn(idColumn) deviceId!: DeviceId;
  @Column(nullableTimeColumn) shortSinceMs!: number | null;
  /** Since when its packs are being moved; null: not yet. */
  @Column(nullableTimeColumn) begunAtMs!: number | null;
  @Column(nullableTimeColumn) calmSinceMs!: number | null;
  /** The day (UTC) of the last copies that were ordered for it, and their bytes. */
  @Column(bigColumn) dayMs!: number;
  @Column(bigColumn) dayBytes!: number;
  /** Why nothing more can be moved, or empty. */
  @Column(textColumn(20)) obstacle!: ShedObstacle | '';
}
