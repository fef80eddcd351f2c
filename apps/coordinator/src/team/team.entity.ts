import { Column, Entity, PrimaryColumn } from 'typeorm';
import type { TeamDocument } from '#libs/contracts';
import type { DeviceId } from '#libs/kernel';
import { idColumn, intColumn, jsonColumn, textColumn, timeColumn } from '../database/columns.ts';

/** The one team of this coordinator. */
@Entity('team')
export class TeamEntity {
  /** Always 1: there can be no second row. */
  @PrimaryColumn(intColumn) id!: number;
  @Column(idColumn) teamId!: string;
  @Column(textColumn(100)) name!: string;
  /** Ed25519 and X25519 public keys, base64url. */
  @Column(textColumn(43)) rootKey!: string;
  @Column(textColumn(43)) recoveryKey!: string;
  /** The two statements as the root signed them. */
  @Column(jsonColumn) document!: TeamDocument;
  /** The coordinator's own member id in the roster. */
  @Column(idColumn) coordinatorDeviceId!: DeviceId;
  @Column(timeColumn) createdAtMs!: number;
}
