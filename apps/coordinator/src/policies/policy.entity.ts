import { Column, Entity, PrimaryColumn } from 'typeorm';
import type { Policy, PolicyOverride } from '#libs/contracts';
import type { DeviceId } from '#libs/kernel';
import { idColumn, intColumn, jsonColumn } from '../database/columns.ts';

/** The team's policy: one row, id 1. No row: nobody has changed the default yet. */
@Entity('team_policy')
export class TeamPolicyEntity {
  @PrimaryColumn(intColumn) id!: number;
  /** Only grows. */
  @Column(intColumn) version!: number;
  @Column(jsonColumn) policy!: Policy;
}

/** What one device does otherwise. The row stays when its override becomes empty, so that the version goes on growing. */
@Entity('device_policies')
export class DevicePolicyEntity {
  @PrimaryColumn(idColumn) deviceId!: DeviceId;
  @Column(intColumn) version!: number;
  @Column(jsonColumn) override!: PolicyOverride;
}
