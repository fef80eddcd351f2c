import { Column, Entity, Index, PrimaryColumn } from 'typeorm';
import type { DeviceId } from '#libs/kernel';
import { bigColumn, idColumn, intColumn, longTextColumn, textColumn, timeColumn } from '../database/columns.ts';

/** A bundle that was made. The newest has the highest ordinal, whatever the clock said. */
@Entity('bundles')
export class BundleEntity {
  /** SHA-256 of its payload, base64url. */
  @PrimaryColumn(textColumn(43)) digest!: string;
  @Index({ unique: true })
  @Column(bigColumn)
  ordinal!: number;
  @Column(timeColumn) madeAtMs!: number;
  @Column(intColumn) rosterVersion!: number;
  @Column(bigColumn) sizeBytes!: number;
  /** Of what is in it, without what changes every hour: whether there is news. */
  @Column(textColumn(43)) fingerprint!: string;
  /** The statement, as JSON text; empty for all but the newest. */
  @Column(longTextColumn) statement!: string;
}

/** The bundle that a device last said it keeps. */
@Entity('bundle_keepers')
export class BundleKeeperEntity {
  @PrimaryColumn(idColumn) deviceId!: DeviceId;
  @Column(textColumn(43)) digest!: string;
  @Column(timeColumn) madeAtMs!: number;
  @Column(timeColumn) heardAtMs!: number;
}
