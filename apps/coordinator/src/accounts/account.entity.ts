import { Column, Entity, Index, PrimaryColumn } from 'typeorm';
import type { Role } from '#libs/contracts';
import { idColumn, longTextColumn, textColumn, timeColumn } from '../database/columns.ts';

@Entity('accounts')
export class AccountEntity {
  @PrimaryColumn(idColumn) userId!: string;
  /** In lower case: addresses are compared without case. */
  @Index({ unique: true })
  @Column(textColumn(200))
  email!: string;
  @Column(textColumn(100)) name!: string;
  @Column(textColumn(20)) role!: Role;
  /** Argon2id with its parameters and salt. */
  @Column(longTextColumn) passwordHash!: string;
  @Column(timeColumn) createdAtMs!: number;
}
