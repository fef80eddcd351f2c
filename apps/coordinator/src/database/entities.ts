/** Every entity of the coordinator: append one line a feature. */
import { AccountEntity } from '../accounts/account.entity.ts';
import { AuditEntryEntity } from '../audit-log/audit-entry.entity.ts';
import { DeviceEntity } from '../devices/device.entity.ts';
import { ScheduleLeaseEntity } from '../schedules/schedule-lease.entity.ts';
import { SessionEntity, TicketEntity } from '../sessions/session.entity.ts';
import { IdempotentRequestEntity } from '../http/idempotency.entity.ts';
import { JoinLinkEntity } from '../join-links/join-link.entity.ts';
import { RosterVersionEntity } from '../roster/roster.entity.ts';
import { TeamEntity } from '../team/team.entity.ts';

export const entities = [
  AuditEntryEntity,
  DeviceEntity,
  AccountEntity,
  ...[SessionEntity, TicketEntity],
  ScheduleLeaseEntity,
  IdempotentRequestEntity,
  TeamEntity,
  RosterVersionEntity,
  JoinLinkEntity,
];
