import { Column, Entity, Index, PrimaryColumn } from 'typeorm';
import type { DeviceId, PackId } from '#libs/kernel';
import { booleanColumn, idColumn, intColumn, nullableTimeColumn, textColumn, timeColumn } from '../database/columns.ts';

/** When a replica is to prove itself next. A row may outlive its replica: it goes when it falls due. */
@Entity('audit_queue')
@Index(['deviceId', 'dueAtMs'])
export class AuditQueueEntity {
  @PrimaryColumn(textColumn(120)) packId!: PackId;
  @PrimaryColumn(idColumn) deviceId!: DeviceId;
  @Column(timeColumn) dueAtMs!: number;
  @Column(nullableTimeColumn) passedAtMs!: number | null;
  /** Audits in a row that got no answer in time. */
  @Column(intColumn) tries!: number;
  /** Readings that its holder was too slow for, since the audits last came to a result. */
  @Column({ ...intColumn, default: 0 }) slowReads!: number;
  /** The newest audit of it failed: it counts as nothing until one is passed, whatever becomes of its holder. */
  @Column(booleanColumn) failed!: boolean;
}

/** A question that is open at a holder. */
@Entity('audit_asks')
@Index(['deviceId', 'deadlineMs'])
@Index(['deadlineMs'])
@Index(['crossId'])
export class AuditAskEntity {
  @PrimaryColumn(idColumn) auditId!: string;
  @Column(idColumn) deviceId!: DeviceId;
  @Column(textColumn(120)) packId!: PackId;
  @Column(textColumn(43)) nonce!: string;
  /** The right answer, or null in a cross-check, where nobody knows it beforehand. */
  @Column({ ...textColumn(43), nullable: true }) expected!: string | null;
  /** Asks of one cross-check share it. */
  @Column({ ...idColumn, nullable: true }) crossId!: string | null;
  /** What it answered in a cross-check that waits for the others. */
  @Column({ ...textColumn(43), nullable: true }) answer!: string | null;
  @Column(timeColumn) askedAtMs!: number;
  @Column(timeColumn) deadlineMs!: number;
}

/** `wrong`: an answer that differs from the owner's · `dispute`: holders answered differently · `lone`: one holder and no challenge. */
export type JudgementKind = 'wrong' | 'dispute' | 'lone';

/** A replica whose blocks the coordinator is to fetch and compare with their CIDs. */
@Entity('audit_judgements')
@Index(['notBeforeMs'])
export class AuditJudgementEntity {
  @PrimaryColumn(textColumn(120)) packId!: PackId;
  @PrimaryColumn(idColumn) deviceId!: DeviceId;
  @Column(textColumn(10)) kind!: JudgementKind;
  @Column(textColumn(43)) nonce!: string;
  /** The owner's answer; in a dispute the holder's own. */
  @Column({ ...textColumn(43), nullable: true }) expected!: string | null;
  @Column(timeColumn) notBeforeMs!: number;
  @Column(intColumn) tries!: number;
}
