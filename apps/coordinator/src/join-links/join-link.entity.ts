import { Column, Entity, Index, PrimaryColumn } from 'typeorm';
import type { CreateJoinLink } from '#libs/contracts';
import { idColumn, intColumn, nullableTimeColumn, textColumn, timeColumn } from '../database/columns.ts';

@Entity('join_links')
export class JoinLinkEntity {
  @PrimaryColumn(idColumn) joinLinkId!: string;
  /** Base64url SHA-256 of the secret; the secret itself is shown once and not kept. */
  @Index({ unique: true })
  @Column(textColumn(43))
  secretHash!: string;
  @Column(timeColumn) createdAtMs!: number;
  @Column(textColumn(200)) createdBy!: string;
  @Column(timeColumn) expiresAtMs!: number;
  @Column(nullableTimeColumn) revokedAtMs!: number | null;
  @Column(intColumn) uses!: number;
  @Column(intColumn) usesLeft!: number;
  @Column(textColumn(100)) site!: string;
  @Column(textColumn(20)) class!: CreateJoinLink['class'];
}
