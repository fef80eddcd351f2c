import { Column, Entity, Index, PrimaryColumn } from 'typeorm';
import type { PackKind } from '#libs/contracts';
import type { DeviceId, PackId, VaultId } from '#libs/kernel';
import { bigColumn, idColumn, intColumn, textColumn, timeColumn } from '../database/columns.ts';

/** How far a pack is from its owner's goal. */
export const lack = { none: 0, belowTarget: 1, belowMinimum: 2 } as const;
/**
 * Whether copies are to be planned. `parked`: it wants some, but nothing can be done until a device wakes, joins or gets room;
 * so the planner never looks at the same hopeless packs again and again.
 */
export const queue = { settled: 0, wanting: 1, parked: 2 } as const;

/** An announced pack with what follows from its replicas. The last four columns are derived and only written by the recount. */
@Entity('packs')
@Index(['vaultId', 'ordinal'], { unique: true })
@Index(['queue', 'effective'])
export class PackEntity {
  @PrimaryColumn(textColumn(120)) packId!: PackId;
  @Column(textColumn(32)) vaultId!: VaultId;
  /** Unsigned 32 bit. */
  @Column(bigColumn) ordinal!: number;
  @Column(textColumn(10)) kind!: PackKind;
  @Column(bigColumn) sizeBytes!: number;
  @Column(idColumn) ownerDeviceId!: DeviceId;
  @Column(timeColumn) announcedAtMs!: number;
  /** Effective replicas in halves: whole numbers compare and index exactly on both databases. */
  @Column(intColumn) effective!: number;
  /** {@link lack} */
  @Index()
  @Column(intColumn)
  lack!: number;
  /** {@link queue} */
  @Column(intColumn) queue!: number;
  /** Why it is parked (a code), or empty. */
  @Column(textColumn(20)) parkedFor!: string;
}
