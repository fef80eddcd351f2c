import { Column, Entity, PrimaryColumn } from 'typeorm';
import type { PackId } from '#libs/kernel';
import { intColumn, longTextColumn, textColumn } from '../database/columns.ts';

/**
 * What an owner left for audits of one pack, in one row: a million packs have a million rows here, not ten. Each challenge is used
 * once, at one holder. Only nonces leave this table, and only to the holder that is asked.
 */
@Entity('audit_challenges')
export class AuditChallengeEntity {
  @PrimaryColumn(textColumn(120)) packId!: PackId;
  /** 32 bytes, base64url: the nonces follow from it. */
  @Column(textColumn(43)) seed!: string;
  /** The right answers in the order of their index, 43 characters of base64url each, without a separator. */
  @Column(longTextColumn) answers!: string;
  @Column(intColumn) made!: number;
  @Column(intColumn) used!: number;
}
