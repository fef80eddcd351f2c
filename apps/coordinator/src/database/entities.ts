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
import { DeviceMarkEntity } from '../devices/device-mark.entity.ts';
import { DeviceStandingEntity } from '../devices/device-standing.entity.ts';
import { JobEntity } from '../jobs/job.entity.ts';
import { PackEntity } from '../packs/pack.entity.ts';
import { RepairBreakerEntity } from '../placement/repair-breaker.entity.ts';
import { DevicePolicyEntity, TeamPolicyEntity } from '../policies/policy.entity.ts';
import { ReceiptEntity, ReplicaEntity } from '../replicas/replica.entity.ts';
import { RestoreEntity } from '../restores/restore.entity.ts';
import { RunEntity } from '../runs/run.entity.ts';
import { SnapshotEntity } from '../snapshots/snapshot.entity.ts';
import { VaultEntity } from '../vaults/vault.entity.ts';
import { ForgottenSnapshotEntity, ReleaseEntity, ReleasedPackEntity } from '../releases/release.entity.ts';
import { SnapshotPinEntity } from '../snapshots/snapshot-pin.entity.ts';
import { KeptHeadEntity } from '../vaults/kept-head.entity.ts';
import { AuditChallengeEntity } from '../audits/audit-challenge.entity.ts';
import { AuditDayEntity, AuditEventEntity, AuditHolderEntity } from '../audits/audit-holder.entity.ts';
import { AuditAskEntity, AuditJudgementEntity, AuditQueueEntity } from '../audits/audit-queue.entity.ts';
import { ProtectionDayEntity } from '../overview/protection-day.entity.ts';
import { MemoryEntity, RebuildReportEntity } from '../rebuild/memory.entity.ts';
import { SurplusPackEntity, TrimEntity, TrimmedPackEntity } from '../trims/trim.entity.ts';
import { ShownPackEntity } from '../replicas/shown-pack.entity.ts';
import { ShedEntity } from '../sheds/shed.entity.ts';
import { BundleEntity, BundleKeeperEntity } from '../bundle/bundle.entity.ts';

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
  ...[TeamPolicyEntity, DevicePolicyEntity],
  VaultEntity,
  PackEntity,
  DeviceStandingEntity,
  DeviceMarkEntity,
  ...[ReplicaEntity, ReceiptEntity],
  SnapshotEntity,
  JobEntity,
  RunEntity,
  RestoreEntity,
  RepairBreakerEntity,
  ProtectionDayEntity,
  ...[ReleaseEntity, ReleasedPackEntity, ForgottenSnapshotEntity],
  KeptHeadEntity,
  SnapshotPinEntity,
  ...[AuditChallengeEntity, AuditQueueEntity, AuditAskEntity, AuditJudgementEntity],
  ...[AuditHolderEntity, AuditDayEntity, AuditEventEntity],
  ...[MemoryEntity, RebuildReportEntity, ShownPackEntity],
  ...[TrimEntity, TrimmedPackEntity, SurplusPackEntity],
  ShedEntity,
  ...[BundleEntity, BundleKeeperEntity],
];
