import { Column, Entity, Index, PrimaryColumn } from 'typeorm';
import { intColumn, longTextColumn, textColumn, timeColumn } from '../database/columns.ts';

/** An answered request that carried an idempotency key. */
@Entity('idempotent_requests')
export class IdempotentRequestEntity {
  /** Base64url SHA-256 of caller, route and key. */
  @PrimaryColumn(textColumn(43)) requestHash!: string;
  /** Base64url SHA-256 of the body: the same key with another body is a mistake. */
  @Column(textColumn(43)) bodyHash!: string;
  /** 0 while the first request is under way. */
  @Column(intColumn) status!: number;
  /** The answer, sealed with the caller's key (answers may hold a join link); empty for no body. */
  @Column(longTextColumn) answer!: string;
  @Index()
  @Column(timeColumn)
  expiresAtMs!: number;
}
