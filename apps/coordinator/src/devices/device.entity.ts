import { Column, Entity, Index, PrimaryColumn } from 'typeorm';
import type { DeviceClass } from '#libs/contracts';
import type { DeviceId, PeerId } from '#libs/kernel';
import { bigColumn, idColumn, jsonColumn, longTextColumn, nullableTimeColumn, textColumn, timeColumn } from '../database/columns.ts';

/** What an admin decided about a device. Its other states (asleep, missing, …) follow from when it was last seen. */
export type Membership = 'active' | 'draining' | 'revoked';

/** An enrolled device, and the coordinator itself (class `coordinator`), which is a member of the swarm too. */
@Entity('devices')
export class DeviceEntity {
  @PrimaryColumn(idColumn) deviceId!: DeviceId;
  @Index({ unique: true })
  @Column(textColumn(80))
  peerId!: PeerId;
  @Column(textColumn(100)) name!: string;
  @Column(textColumn(100)) site!: string;
  @Column(textColumn(20)) class!: DeviceClass;
  @Column(textColumn(20)) membership!: Membership;
  @Column(textColumn(100)) os!: string;
  @Column(textColumn(40)) agentVersion!: string;
  /** Ed25519 and X25519 public keys, base64url. */
  @Column(textColumn(43)) signingKey!: string;
  @Column(textColumn(43)) boxKey!: string;
  /** Multiaddrs, as last reported. */
  @Column(jsonColumn) addresses!: string[];
  @Column(timeColumn) enrolledAtMs!: number;
  /** The link that it joined by; null: the coordinator. */
  @Column({ ...idColumn, nullable: true }) joinLinkId!: string | null;
  @Column(nullableTimeColumn) revokedAtMs!: number | null;
  // The rest is the last heartbeat, written every few seconds by presence, which has the fresh values.
  @Column(nullableTimeColumn) lastSeenAtMs!: number | null;
  @Column({ type: 'boolean' }) leaving!: boolean;
  @Column(bigColumn) freeBytes!: number;
  @Column(bigColumn) availableForPacksBytes!: number;
  @Column(bigColumn) heldBytes!: number;
  @Column(bigColumn) heldPacks!: number;
  /** Bytes that it has to give back; null: it said nothing of any. */
  @Column({ ...bigColumn, nullable: true }) toGiveBackBytes!: number | null;
  /** Why an admin revoked it; empty otherwise. */
  @Column(longTextColumn) note!: string;
}
