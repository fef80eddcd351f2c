import { Column, Entity, PrimaryColumn } from 'typeorm';
import type { DeviceId } from '#libs/kernel';
import { idColumn, longTextColumn, nullableTimeColumn } from '../database/columns.ts';

/** What people said of a device, and what was learnt of it over weeks: all that its state follows from besides its last heartbeat. */
@Entity('device_marks')
export class DeviceMarkEntity {
  @PrimaryColumn(idColumn) deviceId!: DeviceId;
  /** An admin said that it is lost. */
  @Column(nullableTimeColumn) lostAtMs!: number | null;
  /** Somebody said until when it is away. */
  @Column(nullableTimeColumn) awayUntilMs!: number | null;
  /** It came back then, and has not shown yet what it holds. */
  @Column(nullableTimeColumn) reconcilingSinceMs!: number | null;
  /** When its last whole inventory ended. */
  @Column(nullableTimeColumn) inventoryEndedAtMs!: number | null;
  /** Its presence history (libs/durability) as base64url; empty before the first hour. */
  @Column(longTextColumn) presence!: string;
  /** The last hour that went into the history. */
  @Column(nullableTimeColumn) presenceHourMs!: number | null;
}
