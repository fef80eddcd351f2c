import { Column, Entity, Index, PrimaryColumn } from 'typeorm';
import { idColumn, nullableTimeColumn, textColumn, timeColumn } from '../database/columns.ts';

/** A signed-in browser. The cookie's secret is not here, only its hash. */
@Entity('sessions')
export class SessionEntity {
  /** Base64url SHA-256 of the cookie's secret. */
  @PrimaryColumn(textColumn(43)) sessionId!: string;
  @Index()
  @Column(idColumn)
  userId!: string;
  @Column(timeColumn) createdAtMs!: number;
  @Column(timeColumn) lastUsedAtMs!: number;
  /** The absolute end, whatever happens. */
  @Column(timeColumn) expiresAtMs!: number;
}

/** A sign-in link made at the shell: used once, within minutes. */
@Entity('sign_in_tickets')
export class TicketEntity {
  @PrimaryColumn(textColumn(43)) ticketHash!: string;
  @Column(idColumn) userId!: string;
  @Column(timeColumn) expiresAtMs!: number;
  @Column(nullableTimeColumn) usedAtMs!: number | null;
}
