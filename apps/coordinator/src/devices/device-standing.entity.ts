import { Column, Entity, PrimaryColumn } from 'typeorm';
import type { DeviceState } from '#libs/contracts';
import type { DeviceId } from '#libs/kernel';
import { idColumn, nullableTimeColumn, textColumn, timeColumn } from '../database/columns.ts';

/**
 * The state of a device that the counts were made with. The clock moves it on, but only a sweep writes it down and recounts,
 * so that counts and states never contradict each other.
 */
@Entity('device_standings')
export class DeviceStandingEntity {
  @PrimaryColumn(idColumn) deviceId!: DeviceId;
  @Column(textColumn(20)) state!: DeviceState;
  @Column(timeColumn) stateSinceMs!: number;
  /** When its inventory in progress began: replicas not named since then are not there. */
  @Column(nullableTimeColumn) inventoryStartedAtMs!: number | null;
  /** The last pack that was counted again after a change of state, '' before the first, null when all are: a crash goes on from here. */
  @Column({ ...textColumn(120), nullable: true }) recountAfter!: string | null;
}
